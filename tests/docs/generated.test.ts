/** The pages that are made from the code, and what they are made from. */
import { expect, test } from "vitest";
import { PAGES } from "../../scripts/docs/pages.ts";
import { buildProgram } from "../../src/cli/program.ts";
import { REFERENCE } from "../../src/cli/reference.ts";
import { COMMANDS } from "../cli/support.ts";
import { read } from "./documents.ts";

test.for(PAGES)("$path is what the code says", ({ path, text }) => {
  expect(read(path) === text(), `${path} is stale. Write it anew: npm run docs`).toBe(true);
});

test("every command has examples and exit codes, and nothing else has", () => {
  expect(Object.keys(REFERENCE).sort()).toEqual([...COMMANDS].sort());
  for (const [command, { examples, exits }] of Object.entries(REFERENCE)) {
    expect([command, exits.includes("done"), exits.includes("usage")]).toEqual([command, true, true]);
    expect(examples.length).toBeGreaterThan(0);
    for (const [line] of examples) expect(line).toMatch(new RegExp(`^fraisier ${command}( |$)`));
  }
});

test("the page has every option and argument of every command", () => {
  const page = read("docs/cli.md");
  for (const command of COMMANDS) {
    const [name = "", part] = command.split(" ");
    const group = buildProgram(() => {}).commands.find((each) => each.name() === name);
    const found = part === undefined ? group : group?.commands.find((each) => each.name() === part);
    const section = page
      .slice(page.indexOf(`\n### fraisier ${command}\n`))
      .split("\n### ", 2)
      .join("\n### ");
    for (const { flags } of found?.options ?? [])
      expect([command, flags, section.includes(flags) || page.split("## Exit codes")[0]?.includes(flags)]).toEqual([
        command,
        flags,
        true,
      ]);
    for (const argument of found?.registeredArguments ?? []) {
      expect(section).toContain(`\`${argument.name()}\``);
      expect([command, argument.name(), argument.description]).toEqual([
        command,
        argument.name(),
        expect.stringMatching(/\w/),
      ]);
    }
  }
});
