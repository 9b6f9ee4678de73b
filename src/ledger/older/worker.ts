/** The thread behind a {@link FraisierDb}. */
import { serveObject } from "../../db/index.ts";
import { OlderLedger, type OlderOrder } from "./older-ledger.ts";

await serveObject((order: OlderOrder) => new OlderLedger(order));
