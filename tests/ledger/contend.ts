/**
 * A process that wants a lease again and again, dawdles longer than the lease lasts, and then writes.
 * Arguments: the URL, the target, how many leases to have. Prints one {@link Contention} as JSON.
 */
import { setTimeout as delay } from "node:timers/promises";
import { createAdapterFromUrl, DatabaseError } from "../../src/db/index.ts";
import { type Holder, LeaseHeldError, LeaseLostError, Ledger } from "../../src/ledger/index.ts";
import { fenced } from "../../src/ledger/lease.ts";

export interface Contention {
  readonly tokens: number[];
  readonly accepted: number;
  readonly refused: number;
}

const TTL_MS = 15;

async function contend(url: string, target: string, wanted: number): Promise<Contention> {
  await using adapter = await createAdapterFromUrl(url);
  const ledger = new Ledger(adapter);
  const { pid } = process;
  const holder: Holder = { host: "h", machine: "m", bootId: "b", pid, startTime: "1", user: "u", ciRun: null };
  const tokens: number[] = [];
  let accepted = 0;
  let refused = 0;
  while (tokens.length < wanted) {
    try {
      const { lease } = await ledger.acquireLease({ target, holder, ttlMs: TTL_MS, isAlive: () => "unknown" });
      tokens.push(lease.token);
      const [seen] = await adapter.executeQuery<{ value: number }>("SELECT value FROM counter");
      await delay(Math.random() * TTL_MS * 3);
      await fenced(adapter, lease, async (tx) => {
        await tx.executeUpdate("UPDATE counter SET value = ?", [(seen?.value ?? 0) + 1]);
        await tx.executeUpdate(
          "INSERT INTO written (token, newest_token) SELECT ?, fencing_token FROM tb_deployment_lease WHERE target = ?",
          [lease.token, target],
        );
      });
      accepted++;
      if (Math.random() < 0.5) await ledger.releaseLease(lease);
    } catch (error) {
      if (error instanceof LeaseLostError) refused++;
      // With leases as short as these somebody else may be faster as often as it is tried.
      else if (!(error instanceof LeaseHeldError) && !(error instanceof DatabaseError && error.retryable)) throw error;
      await delay(Math.random() * 5);
    }
  }
  return { tokens, accepted, refused };
}

const [url = "", target = "", wanted = ""] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await contend(url, target, Number(wanted))));
