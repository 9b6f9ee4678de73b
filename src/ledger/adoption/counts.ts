import type { Queryable } from "../../db/index.ts";
import { bucketOf } from "../counters.ts";
import type { AdoptedDeployment } from "./convert.ts";

interface DayTotals {
  successes: number;
  failures: number;
  rollbacks: number;
  cancellations: number;
  total_seconds: number;
}

/** Counts deployments of the past by fraise and by day (UTC), as those of today are counted when they end. */
export class PastCounts {
  readonly #days = new Map<number, Map<string, DayTotals>>();

  /** @param state the internal key of its fraise's state */
  add(state: number, { status, completedAt, durationSeconds, healthyAt }: AdoptedDeployment): void {
    const bucket = bucketOf(status, healthyAt !== null);
    if (bucket === null) return;
    const days = this.#days.get(state) ?? new Map<string, DayTotals>();
    this.#days.set(state, days);
    const day = completedAt.toISOString().slice(0, 10);
    const totals = days.get(day) ?? { successes: 0, failures: 0, rollbacks: 0, cancellations: 0, total_seconds: 0 };
    days.set(day, totals);
    totals[bucket]++;
    totals.total_seconds += durationSeconds ?? 0;
  }

  /** Writes `tb_deployment_stat`, and the totals of `tb_fraise_state`. */
  async write(tx: Queryable): Promise<void> {
    for (const [state, days] of this.#days) {
      const rows = [...days].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, totals]) => ({ day, ...totals }));
      await tx.insertMany(
        "tb_deployment_stat",
        rows.map((row) => ({ fk_fraise_state: state, ...row })),
      );
      const total = (bucket: "successes" | "failures") => rows.reduce((sum, row) => sum + row[bucket], 0);
      await tx.executeUpdate(
        "UPDATE tb_fraise_state SET successful_deployments = ?, failed_deployments = ? WHERE pk_fraise_state = ?",
        [total("successes"), total("failures"), state],
      );
    }
  }
}
