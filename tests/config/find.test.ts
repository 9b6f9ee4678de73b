import { mkdirSync, symlinkSync } from "node:fs";
import { join, parse } from "node:path";
import { expect, test } from "vitest";
import { findProjectFile } from "../../src/config/index.ts";
import { configError, temporaryFolder } from "./helpers.ts";

test("the file is found in the working folder, or in the nearest folder above it", () => {
  const root = temporaryFolder({ "fraises.yaml": "", "a/fraises.yaml": "", "a/b/c/x": "", "d/e/x": "" });
  expect(findProjectFile({ cwd: root, env: {} })).toBe(join(root, "fraises.yaml"));
  expect(findProjectFile({ cwd: join(root, "a/b/c"), env: {} })).toBe(join(root, "a/fraises.yaml"));
  expect(findProjectFile({ cwd: join(root, "d/e"), env: {} })).toBe(join(root, "fraises.yaml"));
});

test("the search ends at the root of the file system", () => {
  const folder = temporaryFolder({ "a/x": "" });
  const error = configError(() => findProjectFile({ cwd: join(folder, "a"), env: {} }));
  expect(error.kind).toBe("config_not_found");
  expect(error.message).toBe(`no fraises.yaml in ${join(folder, "a")} or any folder above it`);
  expect(error.hint).toContain("--config");
  const { root } = parse(folder);
  expect(configError(() => findProjectFile({ cwd: root, env: {} })).message).toBe(
    `no fraises.yaml in ${root} or any folder above it`,
  );
});

test("a file with nearly the right name is pointed out", () => {
  const folder = temporaryFolder({ "fraises.yml": "" });
  expect(configError(() => findProjectFile({ cwd: folder, env: {} })).hint).toBe(
    `There is ${join(folder, "fraises.yml")}: rename it to fraises.yaml, or name it with --config.`,
  );
});

test("--config goes before FRAISIER_CONFIG, which goes before the search", () => {
  const folder = temporaryFolder({ "fraises.yaml": "", "env.yaml": "", "sub/given.yaml": "" });
  const env = { FRAISIER_CONFIG: "env.yaml" };
  expect(findProjectFile({ cwd: folder, config: "sub/given.yaml", env })).toBe(join(folder, "sub/given.yaml"));
  expect(findProjectFile({ cwd: folder, env })).toBe(join(folder, "env.yaml"));
  expect(findProjectFile({ cwd: join(folder, "sub"), env: { FRAISIER_CONFIG: join(folder, "env.yaml") } })).toBe(
    join(folder, "env.yaml"),
  );
  expect(findProjectFile({ cwd: folder, env: { FRAISIER_CONFIG: "" } })).toBe(join(folder, "fraises.yaml"));
});

test("a named file that is missing is an error, and the search does not replace it", () => {
  const folder = temporaryFolder({ "fraises.yaml": "" });
  const given = configError(() => findProjectFile({ cwd: folder, config: "x.yaml", env: {} }));
  expect(given.kind).toBe("config_not_found");
  expect(given.message).toBe(`--config names ${join(folder, "x.yaml")}, which does not exist`);
  const named = configError(() => findProjectFile({ cwd: folder, env: { FRAISIER_CONFIG: "/nowhere/x.yaml" } }));
  expect(named.message).toBe("FRAISIER_CONFIG names /nowhere/x.yaml, which does not exist");
  expect(configError(() => findProjectFile({ cwd: folder, config: "", env: {} })).message).toContain("no file");
});

test("whatever has the name ends the search, so that a broken link is not silently passed over", () => {
  const folder = temporaryFolder({ "fraises.yaml": "" });
  mkdirSync(join(folder, "a"));
  symlinkSync("/nowhere", join(folder, "a/fraises.yaml"));
  expect(findProjectFile({ cwd: join(folder, "a"), env: {} })).toBe(join(folder, "a/fraises.yaml"));
});
