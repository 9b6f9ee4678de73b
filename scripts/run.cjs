/*
 * The first step of every npm script: `node scripts/run.cjs <task> [arguments]`. It makes sure that the dependencies
 * are installed, picks a Node that is recent enough (the development one from the npm package `node`, else the
 * machine's own), and runs the task's steps on it.
 *
 * It is CommonJS in the syntax of Node 18 and has no dependencies, because it starts on whatever Node the machine has,
 * in a clone where nothing is installed yet.
 */
"use strict";

const { spawn, spawnSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const ROOT = path.dirname(__dirname);
const MODULES = path.join(ROOT, "node_modules");

/** Stands for the arguments that follow the task's name. */
const REST = Symbol("rest");

/** The bundler has little to say before it has read its configuration; what matters are warnings. */
const QUIET = ["--logLevel", "warn"];

/** What each task runs, one step after the other, until one fails. */
const TASKS = {
  check: {
    steps: [
      ["tsc", "--noEmit"],
      ["biome", "check", ".", REST],
    ],
  },
  format: { steps: [["biome", "check", "--write", ".", REST]] },
  build: { steps: [["tsdown", ...QUIET, REST]] },
  docs: { steps: [["scripts/write-docs.ts"]] },
  test: {
    steps: [
      ["tsdown", ...QUIET],
      ["vitest", "run", REST],
    ],
  },
  "test:full": {
    steps: [
      ["tsdown", ...QUIET],
      ["vitest", "run", REST],
    ],
    env: { FRAISIER_TEST_SCALE: "1" },
  },
  demo: {
    steps: [
      ["tsdown", ...QUIET],
      ["fraisier", "demo", REST],
    ],
    skip: { tsdown: isBuilt },
  },
  bench: {
    // What Fraisier is compared with: nobody else needs it.
    packages: "bench",
    steps: [
      ["tsdown", ...QUIET],
      ["tsc", "--noEmit", "--project", "bench"],
      ["bench/main.ts", REST],
    ],
    skip: { tsdown: isBuilt },
  },
};

/** Where the programs of the steps come from: a package and the name of its program. Our own has no package. */
const TOOLS = {
  tsc: ["typescript", "tsc"],
  biome: ["@biomejs/biome", "biome"],
  tsdown: ["tsdown", "tsdown"],
  vitest: ["vitest", "vitest"],
  fraisier: [null, "fraisier"],
};

/** What the build is made from. */
const SOURCES = [
  "src",
  "scripts/built-in-modules.ts",
  "scripts/third-party-notices.ts",
  "tsdown.config.ts",
  "tsconfig.json",
  "package.json",
  "package-lock.json",
];

const FORWARDED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

function say(text) {
  process.stderr.write(text);
}

function readJson(file) {
  try {
    return JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (_error) {
    return null;
  }
}

// ---------------------------------------------------------------------------------------------------- dependencies

/** Whether a package that restricts itself to some platforms is for this one. */
function isForThisPlatform({ os: systems, cpu, libc }) {
  const allows = (list, value) =>
    !list || (list.includes(`!${value}`) ? false : list.includes(value) || /^!/.test(list[0]));
  if (!allows(systems, process.platform) || !allows(cpu, process.arch)) return false;
  if (!libc || process.platform !== "linux") return true;
  // The report would look up the names of network addresses, too, which can take seconds.
  process.report.excludeNetwork = true;
  return allows(libc, process.report.getReport().header.glibcVersionRuntime ? "glibc" : "musl");
}

/** Whether what npm wrote down as installed is what package-lock.json asks for. */
function isInstalled(lock, installed) {
  if (!installed?.packages) return false;
  const packages = lock?.packages ?? {};
  const ours = Object.keys(packages[""]?.optionalDependencies ?? {}).map((name) => `node_modules/${name}`);
  return Object.entries(packages).every(([where, wanted]) => {
    if (where === "" || wanted.link) return true;
    const found = installed.packages[where];
    const hasOther = (key) => found[key] && wanted[key] && found[key] !== wanted[key];
    if (found) return !hasOther("version") && !hasOther("integrity");
    // What is optional may be missing if it, or what needs it, is for another platform.
    const isRestricted = wanted.os || wanted.cpu || wanted.libc;
    return wanted.optional === true && (isRestricted ? !isForThisPlatform(wanted) : !ours.includes(where));
  });
}

function isUpToDate(folder) {
  const installed = readJson(path.join(folder, "node_modules", ".package-lock.json"));
  // npm notes what `npm install --package-lock-only` leaves out as well, and folders may have been removed since.
  for (const where of Object.keys(installed?.packages ?? {})) {
    if (!fs.existsSync(path.join(folder, where))) delete installed.packages[where];
  }
  return isInstalled(readJson(path.join(folder, "package-lock.json")), installed);
}

/** Runs `npm ci` on the given Node. The npm is the one that runs us, else the one on PATH. */
function runNpmCi(node, cwd, ...more) {
  // The tools are development and optional dependencies: they are needed even if npm is set up to leave those out.
  const args = ["ci", "--include=dev", "--include=optional", "--loglevel=error", "--no-audit", "--no-fund", ...more];
  const npm = process.env.npm_execpath ?? "";
  const isNpm = /^npm-cli\.c?js$/.test(path.basename(npm)) && fs.existsSync(npm);
  return runChild(isNpm ? node : "npm", isNpm ? [npm, ...args] : args, {
    cwd,
    env: environmentFor(node),
    capture: true,
  });
}

async function installDependencies() {
  if (isUpToDate(ROOT)) return;
  const started = Date.now();
  say("Installing the development dependencies (npm ci) ...");
  // On a Node that is too old for them, npm leaves out packages that the tools need. But then it brings a better Node.
  const used = new Set();
  while (!isUpToDate(ROOT)) {
    const node = findNode() ?? process.execPath;
    if (used.has(node)) break;
    used.add(node);
    const result = await runNpmCi(node, ROOT);
    if (result.code !== 0 || result.signal) {
      say(` failed\n${result.output}`);
      await finish(result);
    }
  }
  say(` done in ${Math.round((Date.now() - started) / 1000)} s\n`);
}

/** Installs what only one task needs, in a folder of its own. No script of it is run. */
async function installPackages(name, node) {
  const folder = path.join(ROOT, name);
  if (isUpToDate(folder)) return;
  const started = Date.now();
  say(`Installing what only ${name}/ needs (npm ci) ...`);
  const result = await runNpmCi(node, folder, "--ignore-scripts");
  if (result.code !== 0 || result.signal) {
    say(` failed\n${result.output}`);
    await finish(result);
  }
  say(` done in ${Math.round((Date.now() - started) / 1000)} s\n`);
}

// ------------------------------------------------------------------------------------------------------------ Node

function isAtLeast(version, minimum) {
  const parts = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  for (let i = 0; i < minimum.length; i++) {
    if (parts[i] !== minimum[i]) return (parts[i] ?? 0) > minimum[i];
  }
  return true;
}

/** The same rule as in bin/fraisier.js and in package.json's "engines". */
function isRecentEnough({ node, sqlite }) {
  const nodeFits = isAtLeast(node, [24, 15, 0]) || (isAtLeast(node, [22, 22, 3]) && !isAtLeast(node, [23, 0, 0]));
  return nodeFits && (sqlite === undefined || isAtLeast(sqlite, [3, 51, 3]));
}

function realPath(file) {
  try {
    return fs.realpathSync(file);
  } catch (_error) {
    return null;
  }
}

function nodesOnPath() {
  const name = process.platform === "win32" ? "node.exe" : "node";
  const folders = (process.env.PATH ?? "").split(path.delimiter).filter(path.isAbsolute);
  return folders.map((folder) => realPath(path.join(folder, name))).filter((file) => file !== null);
}

/** `process.versions` of a Node; null when it does not run. */
function versionsOf(file) {
  if (file === realPath(process.execPath)) return process.versions;
  const result = spawnSync(file, ["-p", "JSON.stringify(process.versions)"], { encoding: "utf8", timeout: 30000 });
  if (result.status !== 0) return null;
  try {
    return JSON.parse(result.stdout);
  } catch (_error) {
    return null;
  }
}

/** Every Node there is, the development one first, with its `process.versions`. */
function* allNodes() {
  const development = path.join(MODULES, "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  const files = [realPath(development), realPath(process.execPath), ...nodesOnPath()];
  for (const file of new Set(files)) {
    const versions = file === null ? null : versionsOf(file);
    if (versions !== null) yield { file, versions };
  }
}

/** The first Node that is recent enough; null when there is none. */
function findNode() {
  for (const { file, versions } of allNodes()) {
    if (isRecentEnough(versions)) return file;
  }
  return null;
}

/** The Node that the task goes on with. */
function pickNode() {
  const file = findNode();
  if (file !== null) return file;
  const found = new Set();
  for (const { versions } of allNodes()) {
    found.add(`Node.js ${versions.node}${versions.sqlite ? ` with SQLite ${versions.sqlite}` : ""}`);
  }
  say(
    `fraisier: these scripts found ${[...found].join(" and ")}, and what is needed is Node.js 22.22.3 or a later 22, or ` +
      "24.15 or later, with SQLite 3.51.3 or later: fetch the development one with `npm rebuild node " +
      "--ignore-scripts=false`, or install one from https://nodejs.org or with `nvm install 24`.\n",
  );
  return process.exit(1);
}

/** What makes the given Node the one that children find. */
function environmentFor(node) {
  if (nodesOnPath()[0] === node) return {};
  return { PATH: [path.dirname(node), process.env.PATH].join(path.delimiter) };
}

// ----------------------------------------------------------------------------------------------------------- tasks

/** The time of the latest change of a file, or of anything in a folder; 0 when there is none. */
function latestChange(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  const times = fs.readdirSync(file).map((name) => latestChange(path.join(file, name)));
  return Math.max(stat.mtimeMs, ...times);
}

function isBuilt() {
  const built = latestChange(path.join(ROOT, "dist", "cli.js"));
  return built > 0 && SOURCES.every((name) => latestChange(path.join(ROOT, name)) <= built);
}

/** The file of a tool, to be run by Node. */
function toolFile(tool) {
  if (tool.endsWith(".ts")) return path.join(ROOT, tool); // a script of our own
  const [name, program] = TOOLS[tool];
  const folder = name === null ? ROOT : path.join(MODULES, ...name.split("/"));
  const { bin } = readJson(path.join(folder, "package.json"));
  return path.join(folder, typeof bin === "string" ? bin : bin[program]);
}

/** Runs a child to its end and passes on the signals that we get meanwhile. */
function runChild(program, args, { cwd = ROOT, env, capture }) {
  return new Promise((resolve) => {
    const stdio = capture ? ["ignore", "pipe", "pipe"] : "inherit";
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio });
    const output = [];
    let received = null;
    const onSignal = (signal) => {
      received = signal;
      // A terminal sends Ctrl-C to all of its programs, so the child has it already; twice would mean "at once".
      const isFromTerminal =
        signal === "SIGINT" && (process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY);
      if (!isFromTerminal) child.kill(signal);
    };
    const settle = (result) => {
      for (const signal of FORWARDED_SIGNALS) process.removeListener(signal, onSignal);
      resolve({ received, output: Buffer.concat(output).toString(), ...result });
    };
    for (const signal of FORWARDED_SIGNALS) process.on(signal, onSignal);
    if (capture) for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => output.push(data));
    child.on("error", (error) => {
      say(`${error.message}\n`);
      settle({ code: 1, signal: null });
    });
    child.on("close", (code, signal) => settle({ code, signal }));
  });
}

/** Ends as the child ended, by the same signal or with the same code. */
function finish({ code, signal, received }) {
  if (signal) {
    process.kill(process.pid, signal);
    // Some signals can't end this process; the shell's number for them does.
    setTimeout(() => process.exit(128 + os.constants.signals[signal]), 1000);
    return new Promise(() => {});
  }
  return process.exit(code || (received ? 128 + os.constants.signals[received] : 0));
}

async function main([name, ...rest]) {
  const task = Object.hasOwn(TASKS, name) ? TASKS[name] : null;
  if (!task) {
    say(`Usage: node scripts/run.cjs ${Object.keys(TASKS).join(" | ")} [arguments]\n`);
    return process.exit(2);
  }
  await installDependencies();
  const node = pickNode();
  if (task.packages) await installPackages(task.packages, node);
  const env = { ...environmentFor(node), ...task.env };
  for (const [tool, ...args] of task.steps) {
    if (task.skip?.[tool]?.()) continue;
    const all = args.flatMap((arg) => (arg === REST ? rest : [arg]));
    const result = await runChild(node, [toolFile(tool), ...all], { env });
    if (result.code !== 0 || result.signal || result.received) await finish(result);
  }
}

module.exports = { isInstalled, isRecentEnough };

if (require.main === module) main(process.argv.slice(2));
