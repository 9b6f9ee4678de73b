/**
 * A process that opens the ledger once, with the environment it has. Arguments: the mode, the folder. Prints an
 * {@link Opening} as JSON.
 */
import type { FraisierError } from "../../src/db/index.ts";
import { openLedger } from "../../src/ledger/index.ts";

export interface Opening {
  /** How many deployments there are; null where there is no ledger. */
  readonly deployments: number | null;
  readonly error: { readonly kind: string; readonly message: string } | null;
}

async function open(mode: string, directory: string): Promise<Opening> {
  try {
    const place = { directory, env: process.env };
    const opened = await (mode === "read" ? openLedger({ ...place, mode }) : openLedger({ ...place, mode: "write" }));
    const deployments = (await opened?.ledger.listDeployments())?.length ?? null;
    await opened?.close();
    return { deployments, error: null };
  } catch (error) {
    const { kind, message } = error as FraisierError;
    return { deployments: null, error: { kind, message } };
  }
}

const [mode = "", directory = ""] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await open(mode, directory)));
