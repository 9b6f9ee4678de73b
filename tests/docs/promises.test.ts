import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codeSpans, localLinks, ROOT, read, section } from "./documents.ts";

const DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"] as const;
const README = read("README.md");

/** Where each promise of the README is shown: the file and the name of a test. */
const SHOWN: Readonly<Record<string, readonly (readonly [file: string, title: string])[]>> = {
  "Nothing half-way.": [
    ["tests/e2e/failures.test.ts", "a broken build changes nothing that serves"],
    ["tests/e2e/failures.test.ts", "a version that answers with an error is rolled back, its migration too"],
    ["tests/targets/fetch.test.ts", "commit"],
  ],
  "Ctrl-C is safe, and so is kill -9.": [
    ["tests/e2e/interruption.test.ts", "ends it, undoes it, and frees the lock"],
    ["tests/e2e/interruption.test.ts", "kill -9: the next command takes over, and what serves is what it was"],
  ],
  "One at a time.": [["tests/e2e/concurrency.test.ts", "one works, the other is told who, since when"]],
  "No record, no deployment.": [
    ["tests/e2e/failures.test.ts", "a ledger that cannot be written: refused before the first step"],
  ],
  "Secrets stay secret.": [
    ["tests/e2e/deploy.test.ts", "the output of the steps is shown, kept, and free of secrets"],
    ["tests/deploy/masker.test.ts", "every occurrence of every secret goes"],
  ],
};

test("every promise of the README is shown by tests", () => {
  const promises = [...section(README, "What it promises").matchAll(/^- \*\*(.+?)\*\*/gm)].map(([, name]) => name);
  expect(promises).toEqual(Object.keys(SHOWN));
  for (const [promise, shown] of Object.entries(SHOWN))
    for (const [file, title] of shown) expect([promise, read(file).includes(title)]).toEqual([promise, true]);
});

describe.each(DOCUMENTS)("%s", (name) => {
  const document = read(name);

  test("links only to what there is", () => {
    expect(localLinks(document).filter((to) => !existsSync(join(ROOT, to)))).toEqual([]);
  });

  test("names only files and folders that there are", () => {
    const paths = codeSpans(document).filter((text) =>
      /^(bin|src|tests|scripts|migrations|\.ci)\/[\w./-]*$/.test(text),
    );
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test("runs only npm scripts that there are", () => {
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    const withoutExamples = document.replaceAll(/^```yaml.*?^```$/gms, ""); // those are of somebody's own package
    const named = [...withoutExamples.matchAll(/\bnpm (?:run ([\w:]+)|(test)\b)/g)].map(
      ([, script, npmTest]) => script ?? npmTest ?? "",
    );
    expect(named.filter((script) => !(script in scripts))).toEqual([]);
  });
});

test("the README leads to the other documents", () => {
  for (const name of DOCUMENTS.slice(1)) expect(localLinks(README)).toContain(name);
});

test("the house of ARCHITECTURE.md has the rooms it says", () => {
  const [, house = ""] = /^( {4}bin\/.*?)\n\n/ms.exec(read("ARCHITECTURE.md")) ?? [];
  const rooms = house.split("\n").map((line) => line.trim().split(/ {2,}/)[0] ?? "");
  expect(rooms.length).toBeGreaterThan(5);
  expect(rooms.filter((room) => !existsSync(join(ROOT, room)))).toEqual([]);
});

test("the example of CONTRIBUTING.md finds a test", () => {
  const [, file = "", title = ""] = /npm test -- (\S+) -t (\w+)/.exec(read("CONTRIBUTING.md")) ?? [];
  expect(read(file)).toMatch(new RegExp(`test\\(".*${title}`));
});

test("what CI runs is what CONTRIBUTING.md says", () => {
  expect(read("CONTRIBUTING.md")).toMatch(
    /`\.ci\/run` is what CI runs on a clean checkout: `npm run check`, `npm test` and `npm run bench -- --quick`/,
  );
  expect(read(".ci/run")).toMatch(/^npm run check\nnpm test\nnpm run bench -- --quick$/m);
});

test("the first section of CHANGELOG.md is this version", () => {
  const { version } = JSON.parse(read("package.json")) as { version: string };
  expect(/^## (\S+)/m.exec(read("CHANGELOG.md"))?.[1]).toBe(version);
});
