import { readRecord, writeFileAtomically } from "./files.ts";
import type { Layout } from "./layout.ts";

/** What was last brought into service; written before it is started. */
export interface ServiceRecord {
  /** `process` when Fraisier starts it, `command` when something else runs it. */
  readonly kind: "process" | "command";
  readonly release: string;
  readonly port: number | null;
  /** ISO time with `Z`. */
  readonly startedAt: string;
}

/** Remembers what is brought into service. */
export async function writeServiceRecord(layout: Layout, record: ServiceRecord): Promise<void> {
  await writeFileAtomically(layout.serviceRecord, `${JSON.stringify(record)}\n`, layout.temporary);
}

/** What was last brought into service; null when nothing ever was. */
export async function readServiceRecord(layout: Layout): Promise<ServiceRecord | null> {
  const { kind, release, port, startedAt } = (await readRecord(layout.serviceRecord)) ?? {};
  if ((kind !== "process" && kind !== "command") || typeof release !== "string") return null;
  return {
    kind,
    release,
    port: typeof port === "number" ? port : null,
    startedAt: typeof startedAt === "string" ? startedAt : "",
  };
}
