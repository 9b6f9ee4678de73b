import type { Clock } from "../../db/index.ts";
import type { TargetSettings } from "../target.ts";
import type { Layout } from "./layout.ts";

/** What every part of the local target works on: one `app_path`, with what is to run there. */
export interface Place {
  readonly layout: Layout;
  readonly settings: TargetSettings;
  readonly clock: Clock;
  /** The environment that Fraisier itself was started with. Children get a few names of it only. */
  readonly callerEnv: Readonly<Record<string, string | undefined>>;
}
