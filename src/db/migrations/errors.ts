import { FraisierError, type FraisierErrorDetails } from "../errors.ts";

/** Why migrations cannot go on. */
export type MigrationErrorKind =
  | "migration_unreadable"
  | "migration_duplicate"
  | "migration_edited"
  | "migration_missing"
  | "migration_out_of_order"
  | "migration_failed"
  /** It has no `-- migrate:down`. */
  | "migration_irreversible"
  /** There is no migration with this version, or it is not in the state that is asked for. */
  | "migration_unknown"
  /** Another runner has the lock. */
  | "migration_locked"
  /** A migration was begun and is not done; it has to be finished first. */
  | "migration_interrupted"
  /** A runner died during a statement of which nobody can tell whether it had its effect. */
  | "migration_in_doubt"
  | "schema_newer";

/** A problem of the migration files, of their order, or of running one; the message names the file. */
export class MigrationError extends FraisierError {
  override readonly name: string = "MigrationError";
  declare readonly kind: MigrationErrorKind;

  constructor(kind: MigrationErrorKind, message: string, details: FraisierErrorDetails = {}) {
    super(kind, message, details);
  }
}
