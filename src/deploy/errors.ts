import { FraisierError, type FraisierErrorDetails } from "../db/index.ts";

/** Why a deployment or rollback did not begin, or could not end properly. */
export type DeployErrorKind =
  | "type_not_supported"
  | "nothing_to_roll_back_to"
  | "release_not_found"
  | "already_live"
  | "ledger_unavailable"
  | "cancelled";

/** A deployment that was refused; one that ran and failed is a report, not an error. */
export class DeployError extends FraisierError {
  override readonly name: string = "DeployError";
  declare readonly kind: DeployErrorKind;

  constructor(kind: DeployErrorKind, message: string, details: FraisierErrorDetails = {}) {
    super(kind, message, details);
  }
}
