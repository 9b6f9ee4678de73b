/** `npm run bench`: measures Fraisier side by side with others. */
import { readFileSync, writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { measureAdapter } from "./adapter/measure.ts";
import { DATABASES, type Database } from "./adapter/work.ts";
import { measureCommand } from "./command/measure.ts";
import { measureLedger } from "./ledger/measure.ts";
import { measureWrites } from "./ledger/python.ts";
import { certainRatiosOf, isKept, isWithin, regressionsOf } from "./measure/judge.ts";
import { describeMachine } from "./measure/machine.ts";
import { provide } from "./measure/places.ts";
import { inFreshProcess } from "./measure/processes.ts";
import { reportOf } from "./measure/report.ts";
import type { Findings, Ratio, Results } from "./measure/results.ts";
import { ACQUIRE_P99_US } from "./measure/targets.ts";
import { type Options, PARTS, parseOptions, USAGE } from "./options.ts";
import { peerVersions } from "./peers.ts";

const RESULTS = new URL("results.json", import.meta.url);
const REPORT = new URL("RESULTS.md", import.meta.url);
/** What quick runs are compared with: the ratios of a quick run, since what has just begun is not what has run for long. */
const QUICK = new URL("quick.json", import.meta.url);
/** How often a quick run measures that is recorded. */
const RECORDED_ROUNDS = 5;
/** How often what seems to have become slow is measured again: the machines of CI have other things to do. */
const SECOND_LOOKS = 3;

const started = performance.now();
const say = (text: string): void => {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
};

async function measure(options: Options): Promise<Findings[]> {
  const { parts, databases } = options;
  const findings: Findings[] = [];
  if (parts.includes("command")) findings.push(await measureCommand(options, say));
  if (parts.includes("adapter")) {
    const p99 = await inFreshProcess<number>(new URL("adapter/acquire.ts", import.meta.url), null);
    findings.push({
      limits: [{ id: "taking a free connection: p99", value: p99, unit: "µs", atMost: ACQUIRE_P99_US }],
    });
  }
  for (const database of databases) {
    if (!parts.includes("adapter") && !parts.includes("ledger")) break;
    await using provider = await provide(database);
    findings.push({ versions: { [provider.title]: provider.version } });
    if (parts.includes("adapter")) findings.push(await measureAdapter(provider, options, say));
    if (parts.includes("ledger")) findings.push(await measureLedger(provider, options, say));
  }
  if (parts.includes("ledger") && databases.includes("sqlite")) findings.push(await measureWrites(options, say));
  return findings;
}

function resultsOf(findings: readonly Findings[], options: Options): Results {
  const { rounds, warmUpMs, measureMs, streamed } = options;
  return {
    schema: "fraisier.bench/1",
    takenAt: new Date().toISOString(),
    machine: describeMachine(),
    versions: Object.assign({}, ...findings.map(({ versions }) => versions), peerVersions()),
    settings: {
      rounds,
      "warm-up ms": warmUpMs,
      "measured ms": measureMs,
      "streamed rows": streamed,
    },
    measurements: findings.flatMap((part) => part.measurements ?? []),
    ledger: findings.flatMap((part) => part.ledger ?? []),
    commands: findings.flatMap((part) => part.commands ?? []),
    ratios: findings.flatMap((part) => part.ratios ?? []),
    limits: findings.flatMap((part) => part.limits ?? []),
  };
}

/** What the last recorded quick run has shown for certain; null before the first one. */
function recordedRatios(): readonly Ratio[] | null {
  try {
    return (JSON.parse(readFileSync(QUICK, "utf8")) as { ratios: Ratio[] }).ratios;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

async function recordQuick(): Promise<void> {
  const options: Options = { ...parseOptions(["--quick"]), rounds: RECORDED_ROUNDS };
  const results = resultsOf(await measureRatios(options), options);
  const { takenAt, machine } = results;
  writeFileSync(QUICK, `${JSON.stringify({ takenAt, machine, ratios: certainRatiosOf(results) }, null, 2)}\n`);
  say("bench/quick.json is written");
}

/** Whether what was measured quickly is at least half as good as what is recorded, on one of several looks. */
async function holdsUp(results: Results, options: Options): Promise<boolean> {
  const recorded = recordedRatios();
  if (recorded === null) {
    say("nothing is recorded yet to compare with: see `npm run bench`");
    return true;
  }
  let regressions = regressionsOf(results.ratios, recorded);
  for (let look = 1; look <= SECOND_LOOKS && regressions.length > 0; look++) {
    const databases = DATABASES.filter((database) => regressions.some(({ id }) => isOn(database, id)));
    say(`below half of what is recorded: ${regressions.map(({ id }) => id).join("; ")}; measured again`);
    const again: Options = { ...options, databases, rounds: 3, measureMs: options.measureMs * 2 };
    const ratios = resultsOf(await measureRatios(again), again).ratios;
    const still = new Set(regressionsOf(ratios, recorded).map(({ id }) => id));
    regressions = regressions.filter(({ id }) => still.has(id));
  }
  for (const { id, value, recorded: before } of regressions)
    say(`${id} has fallen from ${before.toFixed(2)} to ${value.toFixed(2)}`);
  return regressions.length === 0;
}

const isOn = (database: Database, id: string): boolean => id.startsWith(`${database} `);

/** Only what ratios come from. */
async function measureRatios(options: Options): Promise<Findings[]> {
  const findings: Findings[] = [];
  for (const database of options.databases) {
    await using provider = await provide(database);
    findings.push(await measureAdapter(provider, options, say));
  }
  if (options.parts.includes("ledger") && options.databases.includes("sqlite"))
    findings.push(await measureWrites(options, say));
  return findings;
}

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options.record) {
    await recordQuick();
    return 0;
  }
  const results = resultsOf(await measure(options), options);
  const isWhole = options.parts.length === PARTS.length && options.databases.length === DATABASES.length;
  if (!options.quick && isWhole) {
    writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`);
    writeFileSync(REPORT, reportOf(results));
    say("bench/RESULTS.md and bench/results.json are written");
    await recordQuick();
  } else process.stdout.write(reportOf(results));
  const missed =
    results.ratios.filter((ratio) => !isKept(ratio)).length + results.limits.filter((limit) => !isWithin(limit)).length;
  say(`${missed} promises were missed`);
  if (!options.quick) return 0;
  return (await holdsUp(results, options)) ? 0 : 1;
}

/** Where a server is gone, to clear up after it goes wrong as well, and would be all that is told. */
function firstOf(error: unknown): unknown {
  return error instanceof SuppressedError ? firstOf(error.suppressed) : error;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  throw firstOf(error);
}
