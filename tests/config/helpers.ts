import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach } from "vitest";
import {
  ConfigError,
  type Environment,
  type ParseOptions,
  type Problem,
  type Project,
  parseProject,
} from "../../src/config/index.ts";

/** Where the files of parsed texts are said to be. */
export const FILE = "/project/fraises.yaml";

/** A fraise of type api with all it needs; `settings` go into its environment, from line 8, column 9 on. */
export function api(settings = ""): string {
  return `fraises:
  shop:
    type: api
    environments:
      production:
        git_repo: /srv/git/shop.git
        app_path: /srv/shop
${indent(settings, 8)}`;
}

/** A fraise with two environments; `defaults` stand in the fraise, from line 4, column 5 on. */
export function twoEnvironments(defaults: string, staging = "", production = ""): string {
  return `fraises:
  shop:
    type: api
${indent(defaults, 4)}    environments:
      staging:
        git_repo: /srv/git/shop.git
        app_path: /srv/staging
${indent(staging, 8)}      production:
        git_repo: /srv/git/shop.git
        app_path: /srv/production
${indent(production, 8)}`;
}

function indent(text: string, by: number): string {
  if (text === "") return "";
  return `${text
    .split("\n")
    .map((line) => (line === "" ? "" : " ".repeat(by) + line))
    .join("\n")}\n`;
}

export function parse(text: string, options: Partial<ParseOptions> = {}): Project {
  return parseProject(text, { file: FILE, env: { HOME: "/home/ann" }, ...options });
}

/** The environment "production" of the fraise "shop". */
export function production(text: string, options: Partial<ParseOptions> = {}): Environment {
  const environment = parse(text, options).fraises.get("shop")?.environments.get("production");
  if (environment === undefined) throw new Error("the text declares no shop/production");
  return environment;
}

/** The error that a call throws, which must be a ConfigError. */
export function configError(call: () => unknown): ConfigError {
  try {
    call();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

export function problemsOf(text: string, options: Partial<ParseOptions> = {}): readonly Problem[] {
  return configError(() => parse(text, options)).problems;
}

/** Takes the marks «…» out of a text, and tells where they were, as `line:column+length`. */
export function unmark(marked: string): { text: string; places: string[] } {
  const places: string[] = [];
  let text = "";
  let open = 0;
  for (const character of marked) {
    if (character === "«") open = text.length;
    else if (character === "»") {
      const before = text.slice(0, open).split("\n");
      places.push(`${before.length}:${(before.at(-1)?.length ?? 0) + 1}+${text.length - open}`);
    } else text += character;
  }
  return { text, places };
}

/** The place of a problem, as {@link unmark} writes it. */
export function placeOf({ line, column, length }: Problem): string {
  return `${line}:${column}+${length}`;
}

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A new folder with these files in it, removed after the test. */
export function temporaryFolder(files: Readonly<Record<string, string | Buffer>> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "fraisier-config-")));
  folders.push(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}
