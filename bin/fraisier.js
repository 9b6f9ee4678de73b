#!/usr/bin/env node
/*
 * The `fraisier` command. It looks whether this Node can run Fraisier before it loads anything that needs to, so it is
 * written in old syntax and has no static import: an outdated Node must get as far as saying that it is outdated.
 *
 * dist/cli.js exports `main(argv: readonly string[]): Promise<number>`; `argv` is what follows the program's name.
 * The exit code is set and not forced, so that whatever is still being printed gets out.
 */

/* The first releases whose SQLite, 3.51.3, is free of the WAL-reset bug; package.json's "engines" and scripts/run.cjs agree. */
var NEEDED = "Node.js 22.22.3 or a later 22, or 24.15 or later, with SQLite 3.51.3 or later";

function isAtLeast(version, minimum) {
  var parts = version.split(".");
  for (var i = 0; i < minimum.length; i++) {
    var part = parseInt(parts[i], 10) || 0;
    if (part !== minimum[i]) return part > minimum[i];
  }
  return true;
}

function isRecentEnough(versions) {
  var node = versions.node;
  var nodeFits = isAtLeast(node, [24, 15, 0]) || (isAtLeast(node, [22, 22, 3]) && !isAtLeast(node, [23, 0, 0]));
  /* A Node built on the system's SQLite may not tell its version. */
  return nodeFits && (versions.sqlite === undefined || isAtLeast(versions.sqlite, [3, 51, 3]));
}

function fail(sentence) {
  process.stderr.write("fraisier: " + sentence + "\n");
  process.exitCode = 1;
}

/* Node 22 calls node:sqlite experimental at every start. That one warning goes, every other stays. */
function silenceSqliteWarning() {
  var emitWarning = process.emitWarning;
  process.emitWarning = function (warning, type) {
    var isSqlite = type === "ExperimentalWarning" && String(warning).indexOf("SQLite ") === 0;
    if (!isSqlite) emitWarning.apply(process, arguments);
  };
}

/*
 * Node's own choice for compiled code is the shared temporary folder, where another user of the machine could lay down
 * code for root to run. So it goes into the home folder, and only if that is really this user's (under sudo it may not be).
 */
function enableCompileCache() {
  try {
    var fs = process.getBuiltinModule("fs");
    var path = process.getBuiltinModule("path");
    var home = process.getBuiltinModule("os").homedir();
    if (process.getuid && fs.statSync(home).uid !== process.getuid()) return;
    var caches = process.env.XDG_CACHE_HOME || path.join(home, ".cache");
    process.getBuiltinModule("module").enableCompileCache(path.join(caches, "fraisier", "compile"));
  } catch (_error) {
    /* No home folder, say. It is only slower. */
  }
}

function start() {
  silenceSqliteWarning();
  /* Who presses Tab wants nothing written, not even that. */
  if (process.argv[2] !== "__complete") enableCompileCache();
  import("../dist/cli.js").then(
    function (cli) {
      process.exitCode = 1; /* until the command says otherwise: an end without a word must never look like a success */
      cli.main(process.argv.slice(2)).then(function (exitCode) {
        process.exitCode = exitCode;
      });
    },
    function (error) {
      var isUnbuilt = error.code === "ERR_MODULE_NOT_FOUND" && /\/dist\/cli\.js$/.test(error.url || "");
      if (!isUnbuilt) throw error;
      fail("this is a source tree that has not been built, so run `npm run build` in it first.");
    },
  );
}

if (isRecentEnough(process.versions)) {
  start();
} else {
  fail(
    "this is Node.js " +
      process.versions.node +
      (process.versions.sqlite === undefined ? "" : " with SQLite " + process.versions.sqlite) +
      ", and what is needed is " +
      NEEDED +
      ": install it from https://nodejs.org, with `nvm install 24`, or with `npm install --global node@24`.",
  );
}
