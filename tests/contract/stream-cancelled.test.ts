import { expect, test } from "vitest";
import { describeEachDatabase } from "./support/databases.ts";
import { all, failure } from "./support/expect.ts";
import { isFree, TWENTY_THOUSAND, withDigits } from "./support/many-rows.ts";

describeEachDatabase("a stream that is cancelled", (open, { types }) => {
  test("before it begins never gets a connection", async () => {
    const adapter = await withDigits(open, types);
    const { acquiredTotal } = adapter.poolMetrics();
    const rows = adapter.stream(TWENTY_THOUSAND, [], { signal: AbortSignal.abort() });
    expect(await failure(all(rows))).toMatchObject({ kind: "cancelled" });
    expect(adapter.poolMetrics().acquiredTotal).toBe(acquiredTotal);
  });

  test.each([
    ["among the first", 3],
    ["among the last", 15_000],
  ])("at a row %s gives no more rows, and frees its connection", async (_, at) => {
    const adapter = await withDigits(open, types);
    const cancelling = new AbortController();
    let count = 0;
    const reading = (async () => {
      for await (const _row of adapter.stream(TWENTY_THOUSAND, [], { signal: cancelling.signal }))
        if (++count === at) cancelling.abort();
    })();
    expect(await failure(reading)).toMatchObject({ kind: "cancelled" });
    expect(count).toBe(at);
    await isFree(adapter);
    expect(await adapter.executeQuery("SELECT n FROM digit WHERE n = 4")).toEqual([{ n: 4 }]);
  });
});
