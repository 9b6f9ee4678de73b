import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { formatNotices, packageFolder, readNotice } from "../../scripts/third-party-notices.ts";
import { temporaryFolder } from "./support.ts";

const folder = temporaryFolder("notices");

function fakePackage(manifest: object, files: Readonly<Record<string, string>>): string {
  const path = join(folder, String(Math.random()));
  mkdirSync(path);
  writeFileSync(join(path, "package.json"), JSON.stringify({ name: "a", version: "1.0.0", ...manifest }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

test.for<[moduleId: string, folder: string | null]>([
  ["/project/src/index.ts", null],
  ["/project/node_modules/zod/v4/index.js", "/project/node_modules/zod"],
  ["/project/node_modules/@sec-ant/readable-stream/dist/a.js", "/project/node_modules/@sec-ant/readable-stream"],
  ["/project/node_modules/a/node_modules/b/index.js?commonjs", "/project/node_modules/a/node_modules/b"],
])("the package of %j", ([moduleId, expected]) => {
  expect(packageFolder(moduleId)).toBe(expected);
});

test("the bundler's helpers are the bundler's", () => {
  expect(packageFolder("\0rolldown/runtime.js")).toMatch(/node_modules[\\/]rolldown$/);
  expect(packageFolder("\0@oxc-project+runtime@0.1.0/helpers/using.js")).toMatch(/node_modules[\\/]rolldown$/);
  expect(() => packageFolder("\0virtual")).toThrow("virtual");
});

test("licence and notice are passed on", () => {
  const notice = readNotice(
    fakePackage({ license: "MIT" }, { "LICENSE.md": "Do.\r\nAs you like.\n", NOTICE: "By A." }),
  );
  expect(notice).toEqual({ name: "a", version: "1.0.0", license: "MIT", texts: ["Do.\nAs you like.", "By A."] });
  expect(formatNotices([notice])).toContain("a 1.0.0 (MIT)\n\nDo.\nAs you like.\n\nBy A.\n");
});

test("a package without a licence is not bundled", () => {
  expect(() => readNotice(fakePackage({}, { LICENSE: "Do." }))).toThrow("names no licence");
  expect(() => readNotice(fakePackage({ license: "MIT" }, { "licenses.js": "" }))).toThrow("without a licence file");
});
