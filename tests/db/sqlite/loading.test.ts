import { expect, test } from "vitest";
import { runChild } from "./support.ts";

test("a driver is loaded for the first connection that needs it, and no other", async () => {
  expect(await runChild("loaded-drivers.ts")).toEqual({
    imported: [],
    made: [],
    connected: ["NativeModule sqlite"],
    all: ["NativeModule sqlite", "pg", "mysql2"],
  });
});
