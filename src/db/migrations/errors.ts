import { FraisierError, type FraisierErrorDetails } from "../errors.ts";

/** Why migrations cannot go on. */
export type MigrationErrorKind =
  | "migration_unreadable"
  | "migration_duplicate"
  | "migration_edited"
  | "migration_missing"
  | "migration_out_of_order"
  | "migration_failed"
  | "schema_newer";

/** A problem of the migration files, of their order, or of running one; the message names the file. */
export class MigrationError extends FraisierError {
  override readonly name: string = "MigrationError";
  declare readonly kind: MigrationErrorKind;

  constructor(kind: MigrationErrorKind, message: string, details: FraisierErrorDetails = {}) {
    super(kind, message, details);
  }
}
