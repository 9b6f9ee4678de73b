import type { UserConfig } from "tsdown";
import { builtInModules } from "./scripts/built-in-modules.ts";
import { thirdPartyNotices } from "./scripts/third-party-notices.ts";

const config: UserConfig = {
  entry: {
    index: "src/index.ts",
    db: "src/db/index.ts",
    cli: "src/cli/main.ts",
    // The threads behind blocking calls, which are started by their files' names.
    "db-worker": "src/db/sync/worker.ts",
    "ledger-worker": "src/ledger/older/worker.ts",
  },
  format: "esm",
  platform: "node",
  target: "node22.22",
  // package.json says "type": "module", so that .js and .d.ts are what its "exports" name.
  fixedExtension: false,
  dts: { generator: "oxc", entry: ["src/index.ts", "src/db/index.ts"] },
  deps: {
    // The drivers are the user's; everything else is bundled, so that installing Fraisier installs nothing more.
    neverBundle: [/^pg($|[/-])/, /^mysql2($|\/)/],
    onlyBundle: false,
    // A package that only the types import would be missing at the user's: published types must do without.
    dts: { neverBundle: true },
    onlyImport: ["pg", "mysql2"],
  },
  outputOptions: {
    // What every command needs of the database layer, apart from the layer: `--help` and `list` start without that.
    codeSplitting: { groups: [{ name: "common", test: /src\/db\/(errors|duration|server-url)\.ts$/ }] },
  },
  plugins: [builtInModules(), thirdPartyNotices()],
  failOnWarn: true,
  clean: true,
  sourcemap: false,
};

export default config;
