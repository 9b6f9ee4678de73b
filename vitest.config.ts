import { join } from "node:path";
import type { ViteUserConfig } from "vitest/config";

/** `npm run test:full`. */
const isFull = process.env.FRAISIER_TEST_SCALE === "1";

// The processes that tests start run the sources. Compiled once, those take a third of the time to load.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules", ".cache", "compile");

const config: ViteUserConfig = {
  test: {
    include: ["tests/**/*.test.ts"],
    // Database servers, each started when the first test file asks for it.
    globalSetup: ["tests/servers/global-setup.ts"],
    // What takes minutes whatever its scale.
    exclude: isFull ? [] : ["tests/**/*.full.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
    maxWorkers: 3,
  },
};

export default config;
