import { EXIT } from "../exit-codes.ts";
import { packageVersion } from "../package-version.ts";
import { facts } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** The version of this program and of what it runs on. */
export async function version(terminal: Terminal): Promise<number> {
  const found = {
    fraisier: packageVersion(),
    node: process.versions.node,
    sqlite: process.versions.sqlite ?? null,
    platform: `${process.platform} ${process.arch}`,
  };
  if (terminal.json) terminal.printJson("version", found);
  else terminal.print(facts(terminal, Object.entries(found)));
  return EXIT.done;
}
