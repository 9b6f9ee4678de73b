/** What a blocking call costs more than an asynchronous one, in real time. */
import { describe, expect, onTestFinished, test } from "vitest";
import { createAdapterFromUrl, SyncDatabaseWrapper } from "../../../src/db/index.ts";
import { DATABASES } from "../../support/databases.ts";

const CALLS = 3000;
/** Milliseconds. */
const MOST_MORE = 0.15;

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1] as number;

describe.each(DATABASES)("a blocking call ($name)", (database) => {
  test(`takes at most ${MOST_MORE * 1000} µs more at the median`, async () => {
    const url = await database.createUrl();
    const adapter = await createAdapterFromUrl(url);
    onTestFinished(() => adapter.close());
    const wrapper = new SyncDatabaseWrapper(url);
    onTestFinished(() => wrapper.close());
    const query = "SELECT ? AS text";
    const times: Record<"asynchronous" | "blocking", number[]> = { asynchronous: [], blocking: [] };
    for (let call = 0; call < CALLS; call++) {
      let started = performance.now();
      await adapter.executeQuery(query, ["a"]);
      times.asynchronous.push(performance.now() - started);
      started = performance.now();
      wrapper.executeQuery(query, ["a"]);
      times.blocking.push(performance.now() - started);
    }
    const [one, other] = [median(times.asynchronous), median(times.blocking)];
    process.stderr.write(`${database.name}: ${(1000 * one).toFixed(0)} µs, blocking ${(1000 * other).toFixed(0)} µs\n`);
    expect(other - one).toBeLessThanOrEqual(MOST_MORE);
  });
});
