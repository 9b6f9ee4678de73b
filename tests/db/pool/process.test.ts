import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

/** What the process printed before it ended by itself. @throws when it had to be ended, after 15 seconds */
async function left(...what: string[]): Promise<string> {
  const script = join(import.meta.dirname, "leave-idle.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...what], { timeout: 15_000 });
  return stdout;
}

test("an idle pool does not keep its process alive", async () => {
  expect(await left("pool")).toBe("true");
});

test("an adapter that nobody closed does not, either", async () => {
  const folder = mkdtempSync(join(tmpdir(), "fraisier-idle-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  expect(await left("adapter", join(folder, "idle.db"))).toBe("true");
});

test("a process lives on while one of its calls waits for a connection", async () => {
  expect(await left("waits")).toBe("acquire_timeout");
});
