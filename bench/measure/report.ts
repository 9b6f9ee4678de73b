import {
  BARE_TITLES,
  type Contender,
  DATABASES,
  type Database,
  WORK_TITLES,
  WORKS,
  type Work,
} from "../adapter/work.ts";
import { isKept, isWithin } from "./judge.ts";
import type { Limit, Measurement, Ratio, Results } from "./results.ts";

const DATABASE_TITLES: Readonly<Record<Database, string>> = {
  sqlite: "SQLite",
  postgresql: "PostgreSQL",
  mysql: "MySQL",
  mariadb: "MariaDB",
};

const CONTENDERS: readonly Contender[] = [
  "bare",
  "fraisier",
  "better-sqlite3",
  "postgres.js",
  "mariadb connector",
  "Kysely",
  "Knex",
  "Drizzle",
];

/** `bench/RESULTS.md`: what was measured, and what of it was promised. */
export function reportOf(results: Results): string {
  const missed = [
    ...results.ratios.filter((ratio) => !isKept(ratio)),
    ...results.limits.filter((limit) => !isWithin(limit)),
  ];
  const promises = results.ratios.filter(({ atLeast }) => atLeast !== null).length + results.limits.length;
  return `${[
    "# Measured",
    "",
    `Written by \`npm run bench\` on ${results.takenAt.slice(0, 10)}. [docs/performance.md](../docs/performance.md) explains it in plain words.`,
    "",
    ...machine(results),
    "",
    `${promises - missed.length} of ${promises} promises were kept. ${missed.length === 0 ? "" : "Those that were not are marked ✗."}`.trim(),
    "",
    ...DATABASES.flatMap((database) => adapterSection(results, database)),
    ...ledgerSection(results),
    ...commandSection(results),
    ...limitSection(results.limits),
  ]
    .join("\n")
    .trimEnd()}\n`;
}

function machine({ machine: { cpu, cores, memoryGb, system, node }, versions, settings }: Results): string[] {
  return [
    `- Machine: ${cpu}, ${cores} cores, ${memoryGb} GB, ${system}; Node.js ${node}`,
    `- Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}`,
    `- Settings: ${Object.entries(settings)
      .map(([name, value]) => `${name} ${count(value)}`)
      .join(", ")}`,
  ];
}

/** One table for each database: a line for each work, a column for each contender. */
function adapterSection({ measurements, ratios }: Results, database: Database): string[] {
  const here = measurements.filter((measurement) => measurement.database === database);
  if (here.length === 0) return [];
  const contenders = CONTENDERS.filter((contender) => here.some((measurement) => measurement.contender === contender));
  const cell = (work: Work, contender: Contender) => {
    const found = here.find((measurement) => measurement.work === work && measurement.contender === contender);
    return found === undefined ? "–" : rateText(found, ratios);
  };
  const title = (contender: Contender) =>
    contender === "bare" ? `bare ${BARE_TITLES[database]}` : contender === "fraisier" ? "**Fraisier**" : contender;
  return [
    `## ${DATABASE_TITLES[database]}`,
    "",
    "Times a second (of a stream: rows a second), the median of all rounds; below it where the middle half of them lies, and the time of the processor that the contender itself (not the server) needs for one. Last, how many times as fast Fraisier is, and what it is to be at least.",
    "",
    ...markdownTable(
      ["", ...contenders.map(title)],
      WORKS.filter((work) => here.some((measurement) => measurement.work === work)).map((work) => [
        WORK_TITLES[work],
        ...contenders.map((contender) => cell(work, contender)),
      ]),
    ),
    "",
  ];
}

function rateText(measurement: Measurement, ratios: readonly Ratio[]): string {
  const { database, work, contender, median, low, high, cpuMicroseconds } = measurement;
  const own = `${count(median)}<br><sub>${count(low)}–${count(high)}; ${count(cpuMicroseconds)} µs</sub>`;
  const ratio = ratios.find(({ id }) => id === `${database} ${work} / ${contender}`);
  return ratio === undefined ? own : `${own}<br>${ratioText(ratio)}`;
}

function ratioText(ratio: Ratio): string {
  const { value, atLeast } = ratio;
  if (atLeast === null) return `${value.toFixed(2)} ×`;
  return `${isKept(ratio) ? "✓" : "✗"} ${value.toFixed(2)} × (≥ ${Number(atLeast.toFixed(2))})`;
}

function ledgerSection({ ledger, ratios }: Results): string[] {
  const others = ratios.filter(({ id }) => id.includes("start and completion"));
  if (ledger.length === 0 && others.length === 0) return [];
  return [
    "## The ledger",
    "",
    "Milliseconds for a question, asked of a ledger of 1,000 fraises.",
    "",
    ...markdownTable(
      ["", "question", "deployments", "calls", "p50", "p95", "the slowest of them (median)"],
      ledger.map(({ database, question, deployments, calls, p50, p95, slowest }) => [
        DATABASE_TITLES[database],
        question,
        count(deployments),
        count(calls),
        p50.toFixed(2),
        p95.toFixed(2),
        question === "history" ? `${slowest.name}: ${slowest.ms.toFixed(1)}` : slowest.ms.toFixed(1),
      ]),
    ),
    "",
    ...others.map((ratio) => `- ${ratio.id}: ${ratioText(ratio)}`),
    "",
  ];
}

function commandSection({ commands }: Results): string[] {
  if (commands.length === 0) return [];
  return [
    "## The command",
    "",
    ...markdownTable(
      ["", "milliseconds", "middle half"],
      commands.map(({ command, median, low, high }) => [
        `\`${command}\``,
        median.toFixed(0),
        `${low.toFixed(0)}–${high.toFixed(0)}`,
      ]),
    ),
    "",
  ];
}

function limitSection(limits: readonly Limit[]): string[] {
  if (limits.length === 0) return [];
  return [
    "## Limits",
    "",
    ...markdownTable(
      ["", "measured", "at most", ""],
      limits.map((limit) => [
        limit.id,
        `${Number(limit.value.toPrecision(3))} ${limit.unit}`,
        `${limit.atMost} ${limit.unit}`,
        isWithin(limit) ? "✓" : "✗",
      ]),
    ),
    "",
  ];
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

/** Three digits, thousands set apart. */
const count = (value: number): string =>
  (value >= 1000 ? Number(value.toPrecision(3)) : Number(value.toPrecision(value < 1 ? 2 : 3))).toLocaleString("en-US");
