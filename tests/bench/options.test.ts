import { describe, expect, test } from "vitest";
import { parseOptions } from "../../bench/options.ts";

describe("the options of a run", () => {
  test("without any, all is measured", () => {
    expect(parseOptions([])).toMatchObject({
      quick: false,
      parts: ["adapter", "ledger", "command"],
      databases: ["sqlite", "postgresql", "mysql", "mariadb"],
      streamed: 1_000_000,
      deployments: [10_000, 1_000_000],
    });
  });

  test("--quick takes less of everything, and single options go before it", () => {
    const { rounds, warmUpMs, streamed, deployments } = parseOptions(["--quick", "--rounds", "4"]);
    expect(rounds).toBe(4);
    expect(warmUpMs).toBeLessThan(100);
    expect(streamed).toBeLessThan(100_000);
    expect(deployments[1]).toBeLessThan(10_000);
  });

  test.each([
    [["--databases", "sqlite,oracle"], "oracle"],
    [["--only", "cli"], "cli"],
    [["--rounds", "0"], "0"],
    [["--fast"], "--fast"],
    [["--record"], "--record"],
  ])("%j is refused by name", (args, name) => {
    expect(() => parseOptions(args)).toThrow(name);
  });
});
