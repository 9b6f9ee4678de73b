import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { withoutBuiltInImports } from "../../scripts/built-in-modules.ts";
import { ROOT } from "./support.ts";

const taken = (module: string): string => `globalThis.process.getBuiltinModule("node:${module}")`;

describe("an import of one of Node's own modules", () => {
  test.each([
    ['import fs from "node:fs";', `const fs = ${taken("fs")};`],
    ['import * as path from "node:path";', `const path = ${taken("path")};`],
    ['import { a, b as c$1 } from "node:os";', `const { a, b: c$1 } = ${taken("os")};`],
    ['import {\n  a,\n  b as c,\n} from "node:os";', `const {\n  a,\n  b: c,\n} = ${taken("os")};`],
    ['import fs, { a } from "node:fs";', `const fs = ${taken("fs")}; const { a } = ${taken("fs")};`],
    ['import { x } from "./chunk.js";', 'import { x } from "./chunk.js";'],
    ["const text = 'import fs from \"node:fs\";';", "const text = 'import fs from \"node:fs\";';"],
  ])("%s", (written, expected) => {
    expect(withoutBuiltInImports(`${written}\nrest();`, "x.js")).toBe(`${expected}\nrest();`);
  });

  test.each(['export { a } from "node:fs";', 'import "node:http";', 'import { a } from "node:fs" with {};'])(
    "is refused where it is written in a way that is not known: %s",
    (written) => {
      expect(() => withoutBuiltInImports(written, "x.js")).toThrow(/^x\.js imports a built-in module in a way/);
    },
  );

  test("is in nothing that was built, which names the modules itself", () => {
    const folder = join(ROOT, "dist");
    const built = readdirSync(folder).filter((name) => name.endsWith(".js"));
    const texts = built.map((name) => readFileSync(join(folder, name), "utf8"));
    expect(texts.filter((text) => /^import .* from "node:/m.test(text))).toEqual([]);
    expect(texts.some((text) => text.includes('getBuiltinModule("node:fs")'))).toBe(true);
  });
});
