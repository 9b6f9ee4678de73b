import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COMMANDS, emptyFolder, everythingIn, fraisier, ROOT } from "./support.ts";

const GROUPS = ["config", "db"] as const;
/** Those that use no database. */
const WITHOUT_DATABASE = ["list", "init", "config schema", "version", "explain", "completion"];
const EVERYTHING = [...COMMANDS, ...GROUPS];

describe("help", () => {
  test("names every command", async () => {
    const { exitCode, stdout, stderr } = await fraisier(emptyFolder(), ["--help"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const named = [...stdout.matchAll(/^ {2}([a-z-]+)(?: \[options\])?[ <[].*$/gm)].map(([, name]) => name);
    expect(named).toEqual([...new Set(COMMANDS.map((command) => command.split(" ")[0])), "help"]);
  });

  test.for(EVERYTHING)("fraisier %s --help needs nothing, touches nothing, and says what there is", async (command) => {
    // A configuration and a database that would be refused show that neither is looked at.
    const folder = emptyFolder();
    const env = { HOME: folder, XDG_CACHE_HOME: emptyFolder(), FRAISIER_CONFIG: "/nowhere", FRAISIER_DB_URL: "no:url" };
    const { exitCode, stdout, stderr } = await fraisier(folder, [...command.split(" "), "--help"], env);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^Usage: fraisier ${command} `));
    if (command.includes(" ") || !GROUPS.some((group) => group === command)) expect(stdout).toContain("--json");
    if (COMMANDS.includes(command)) expect(/^ {2}--db /m.test(stdout)).toBe(!WITHOUT_DATABASE.includes(command));
    expect(everythingIn(folder)).toEqual([]);
  });

  test.for([...GROUPS, "deploy", "db status", ""])("fraisier help %s says the same", async (command) => {
    const words = command.split(" ").filter(Boolean);
    const folder = emptyFolder();
    expect(await fraisier(folder, ["help", ...words])).toEqual(await fraisier(folder, [...words, "--help"]));
  });

  test.for([...GROUPS, ""])("fraisier %s alone shows its help", async (group) => {
    const { exitCode, stdout, stderr } = await fraisier(emptyFolder(), group.split(" ").filter(Boolean));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain("Commands:");
  });
});

describe("what is mistyped", () => {
  test.for([
    ["stauts", '"fraisier status"'],
    ["stauts shop production --json-lines", '"fraisier status"'],
    ["deply --help", '"fraisier deploy"'],
    ["help histroy", '"fraisier history"'],
    ["db mgrate", '"fraisier db migrate"'],
    ["config validte", '"fraisier config validate"'],
    ["history --statsu failed", "--status"],
    ["deploy shop production --dryrun", "--dry-run"],
    ["status --jsno", "--json"],
  ])("fraisier %s: exit 2 and what was probably meant", async ([line, meant]) => {
    const { exitCode, stdout, stderr } = await fraisier(emptyFolder(), String(line).split(" "));
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^Error: /);
    expect(stderr).toContain(`Did you mean ${meant}?`);
  });

  test.for([
    ["frobnicate", "fraisier --help"],
    ["db frobnicate", "fraisier db --help"],
    ["deploy shop", "fraisier deploy --help"],
    ["show", "fraisier show --help"],
    ["list everything", "fraisier list --help"],
    ["rollback shop production to v1", "fraisier rollback --help"],
    ["history --number", "fraisier history --help"],
    ["db status --all", "fraisier db status --help"],
    ["--frobnicate", "fraisier --help"],
  ])("fraisier %s: exit 2 and where to read on", async ([line, next]) => {
    const folder = emptyFolder();
    const { exitCode, stdout, stderr } = await fraisier(folder, String(line).split(" "));
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(`See: ${next}`);
    expect(everythingIn(folder)).toEqual([]);
  });
});

describe("version", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };

  test.for(["--version", "-V"])("fraisier %s is that of the package, alone on its line", async (option) => {
    expect(await fraisier(emptyFolder(), [option])).toMatchObject({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("fraisier version also says what it runs on", async () => {
    const { exitCode, stdout } = await fraisier(emptyFolder(), ["version"]);
    expect(exitCode).toBe(0);
    const facts = Object.fromEntries(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/ {2,}/)),
    );
    expect(facts).toEqual({
      fraisier: version,
      node: process.versions.node,
      sqlite: process.versions.sqlite,
      platform: `${process.platform} ${process.arch}`,
    });
  });
});
