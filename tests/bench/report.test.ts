import { expect, test } from "vitest";
import { reportOf } from "../../bench/measure/report.ts";
import type { Measurement, Results } from "../../bench/measure/results.ts";

const measured = (contender: Measurement["contender"], median: number): Measurement => ({
  database: "sqlite",
  work: "byKey",
  contender,
  median,
  low: median - 1,
  high: median + 1,
  values: [median],
  cpuMicroseconds: 1_000_000 / median,
});

const RESULTS: Results = {
  schema: "fraisier.bench/1",
  takenAt: "2026-11-26T12:00:00.000Z",
  machine: { cpu: "a CPU", cores: 2, memoryGb: 8, system: "linux", node: "24.21.0" },
  versions: { SQLite: "3.53.4" },
  settings: { rounds: 5 },
  measurements: [measured("Kysely", 12_345), measured("fraisier", 100_000), measured("bare", 200_000)],
  ledger: [],
  commands: [],
  ratios: [
    { id: "sqlite byKey / bare", value: 0.5, atLeast: 0.75 },
    { id: "sqlite byKey / Kysely", value: 8.1, atLeast: 5 },
  ],
  limits: [{ id: "installed package", value: 1.745, unit: "MB", atMost: 6 }],
};

test("a report shows every contender beside Fraisier, the promises that were missed included", () => {
  const lines = reportOf(RESULTS).split("\n");
  expect(lines).toContain("2 of 3 promises were kept. Those that were not are marked ✗.");
  expect(lines).toContain("|  | bare node:sqlite | **Fraisier** | Kysely |");
  const row = lines.find((line) => line.startsWith("| one row by its key |"));
  expect(row).toContain("| 200,000<br><sub>200,000–200,000; 5 µs</sub><br>✗ 0.50 × (≥ 0.75) |");
  expect(row).toContain("✓ 8.10 × (≥ 5)");
  expect(lines).toContain("| installed package | 1.75 MB | 6 MB | ✓ |");
});

test("a report says nothing of what was not measured", () => {
  const report = reportOf({ ...RESULTS, measurements: [], ratios: [], limits: [] });
  expect(report).not.toMatch(/## |undefined|NaN/);
});
