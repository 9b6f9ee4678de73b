import { commandLinePage } from "./cli.ts";
import { configurationPage } from "./configuration.ts";

/** A page that is made from the code. */
export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  text(): string;
}

export const PAGES: readonly Page[] = [
  { path: "docs/cli.md", text: commandLinePage },
  { path: "docs/configuration.md", text: configurationPage },
];
