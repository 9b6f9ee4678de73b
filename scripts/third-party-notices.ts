/**
 * The licences of the packages whose code the build takes into dist: they ask to be passed on with it. The list comes
 * from the modules that the bundler really wrote, so it can be neither short nor out of date.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TsdownPlugin } from "tsdown";

const FILE_NAME = "THIRD-PARTY-NOTICES.txt";
const LICENSE_FILES = /^(licen[cs]e|copying|notice)([.-]|$)/i;

interface Notice {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly texts: readonly string[];
}

/** The folder of the package that a module belongs to; null for our own modules. */
export function packageFolder(moduleId: string): string | null {
  if (!moduleId.startsWith("\0"))
    return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/?]+/.exec(moduleId)?.[0] ?? null;
  // Not a file but a helper that the bundler adds: its own, or its compiler's, which comes under the same licence.
  const isHelper = /^\0(rolldown\/|@oxc-project\+runtime@)/.test(moduleId);
  if (!isHelper) throw new Error(`Whose is the module ${moduleId.slice(1)}?`);
  return dirname(fileURLToPath(import.meta.resolve("rolldown/package.json")));
}

/** What a package says about its licence. Throws when it says too little to be passed on. */
export function readNotice(folder: string): Notice {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (typeof license !== "string") throw new Error(`${name} can't be bundled: its package.json names no licence.`);
  const files = readdirSync(folder).filter((file) => LICENSE_FILES.test(file));
  if (files.length === 0) throw new Error(`${name} can't be bundled: it comes without a licence file.`);
  const texts = files.sort().map((file) => readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim());
  return { name, version, license, texts };
}

export function formatNotices(notices: readonly Notice[]): string {
  const rule = "-".repeat(80);
  const sections = notices.map(
    ({ name, version, license, texts }) => `${rule}\n${name} ${version} (${license})\n\n${texts.join("\n\n")}\n`,
  );
  return ["Fraisier contains code of the following packages, each under its own licence.\n", ...sections].join("\n");
}

/** Adds THIRD-PARTY-NOTICES.txt to the output. */
export function thirdPartyNotices(): TsdownPlugin {
  return {
    name: "third-party-notices",
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((output) => output.type === "chunk");
      const folders = chunks.flatMap((chunk) => chunk.moduleIds.map(packageFolder));
      const notices = [...new Set(folders)].filter((folder) => folder !== null).map(readNotice);
      notices.sort((a, b) => (a.name < b.name ? -1 : 1));
      this.emitFile({ type: "asset", fileName: FILE_NAME, source: formatNotices(notices) });
    },
  };
}
