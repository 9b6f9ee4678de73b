import { defineConfig } from "tsdown";

export default defineConfig({
  entry: { index: "src/index.ts", db: "src/db/index.ts", cli: "src/cli/main.ts" },
  format: "esm",
  platform: "node",
  target: "node22.22",
  dts: { tsgo: false },
  clean: true,
  sourcemap: false,
});
