import { performance } from "node:perf_hooks";
import type { Provider } from "../measure/places.ts";
import type { Findings, LedgerTime, Limit } from "../measure/results.ts";
import { median, quantile } from "../measure/statistics.ts";
import { LEDGER_FLAT_MS, LEDGER_GROWTH, LEDGER_P95_MS } from "../measure/targets.ts";
import type { Options } from "../options.ts";
import { migrate, openLedger } from "./built.ts";
import { FRAISES, fill } from "./fill.ts";
import { type Group, groupsOf } from "./questions.ts";

/** Asks the ledger of one database while it has few deployments, and again when it has many. */
export async function measureLedger(
  provider: Provider,
  { deployments, quick }: Options,
  say: (text: string) => void,
): Promise<Findings> {
  const { database, title } = provider;
  await using place = await provider.create();
  const ledger = await openLedger(place.url);
  await using adapter = ledger.adapter;
  await migrate(adapter);
  const times: LedgerTime[] = [];
  let before = 0;
  for (const count of deployments) {
    const started = performance.now();
    await fill(place, before, count);
    before = count;
    const filled = performance.now();
    for (const group of await groupsOf(ledger, count, quick ? 2 : 8, quick ? 1 : 3))
      times.push({ database, deployments: count, ...(await timesOf(group)) });
    const asked = performance.now();
    say(
      `${title}: ${count} deployments of ${FRAISES} fraises written in ${seconds(filled - started)}, asked for in ${seconds(asked - filled)}`,
    );
  }
  return { ledger: times, limits: limitsOf(times, deployments) };
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

async function timesOf({ title, questions, calls }: Group): Promise<Omit<LedgerTime, "database" | "deployments">> {
  const all: number[] = [];
  let slowest = { name: "", ms: 0 };
  for (const { name, ask } of questions) {
    const own: number[] = [];
    await ask(); // the first one prepares
    for (let call = 0; call < calls; call++) {
      const started = performance.now();
      await ask();
      own.push(performance.now() - started);
    }
    all.push(...own);
    if (median(own) > slowest.ms) slowest = { name, ms: median(own) };
  }
  return { question: title, calls: all.length, p50: median(all), p95: quantile(all, 0.95), slowest };
}

/** That no question takes long, and none much longer when there are many deployments. */
export function limitsOf(times: readonly LedgerTime[], [few, many]: Options["deployments"]): Limit[] {
  return times
    .filter((time) => time.deployments === many)
    .flatMap(({ database, question, p95 }): Limit[] => {
      const before = times.find(
        (time) => time.database === database && time.question === question && time.deployments === few,
      );
      const growth = p95 / Math.max(before?.p95 ?? 0, LEDGER_FLAT_MS);
      return [
        { id: `${database} ${question}: p95`, value: p95, unit: "ms", atMost: LEDGER_P95_MS },
        { id: `${database} ${question}: growth of the p95`, value: growth, unit: "×", atMost: LEDGER_GROWTH },
      ];
    });
}
