import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const ROOT: string = dirname(dirname(import.meta.dirname));

export const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** The text of a section of a document, by its title. */
export function section(document: string, title: string): string {
  const [, text] = new RegExp(`^## ${title}\\n(.*?)(?=^## |(?![^]))`, "ms").exec(document) ?? [];
  if (text === undefined) throw new Error(`there is no section "${title}"`);
  return text;
}

/** The fenced blocks of a document that are in a language. */
export function fenced(document: string, language: string): string[] {
  return [...document.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, name, text = ""]) =>
    name === language ? [text] : [],
  );
}

/** The commands of a block for the shell, without their comments. */
export function commands(block: string): string[] {
  return block
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "");
}

/** What is written `like this`. */
export function codeSpans(document: string): string[] {
  return [...document.replaceAll(/^```.*?^```$/gms, "").matchAll(/`([^`\n]+)`/g)].map(([, text = ""]) => text);
}

/** The targets of the links of a document that stay in the repository. */
export function localLinks(document: string): string[] {
  return [...document.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, to = ""]) => to).filter((to) => !/^[a-z]+:/.test(to));
}
