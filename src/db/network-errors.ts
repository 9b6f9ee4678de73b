import { DatabaseError, DriverErrorSummary } from "./errors.ts";

/** The codes of Node, OpenSSL and `mysql2` that mean that TLS, not the server, refused. */
const TLS_CODE =
  /^(HANDSHAKE_|ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_)|^HOSTNAME_MISMATCH$|^EPROTO$/;

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOENT: "there is no such socket",
  ENOTFOUND: "the name is not known",
  EAI_AGAIN: "the name server does not answer",
  ETIMEDOUT: "no answer came in time",
  EHOSTUNREACH: "there is no way to it",
  ENETUNREACH: "there is no way to its network",
  EACCES: "permission denied",
  ECONNRESET: "it closed the connection at once",
};

/** Why no connection could be made. `where` names the server, without secrets. */
export function connectError(error: unknown, where: string): DatabaseError {
  // Node tries every address of a name; the first failure says as much as all of them.
  const first = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  const code = codeOf(first);
  const cause = new DriverErrorSummary(code);
  if (TLS_CODE.test(code) || isTlsText(first)) {
    return new DatabaseError("tls_failed", `No trusted connection to ${where}: ${tlsReason(first, code)}.`, {
      hint: "Check sslmode and sslrootcert of the URL, and whether the server has TLS switched on.",
      cause,
    });
  }
  return new DatabaseError(
    "connection_refused",
    `No connection to ${where}: ${REASONS[code] ?? `it failed (${code})`}.`,
    {
      hint: "Check host and port of the URL, and that the server runs.",
      cause,
    },
  );
}

/** Nobody knows how far the server came with the statement. */
export const LOST_HINT = "The statement may or may not have been run; see what it did before running it again.";

/** A connection that broke while it was in use. */
export function lostError(error: unknown, where: string): DatabaseError {
  const code = codeOf(error);
  return new DatabaseError(
    "connection_lost",
    `The connection to ${where} broke${code === "unknown" ? "" : ` (${code})`}.`,
    {
      hint: LOST_HINT,
      cause: new DriverErrorSummary(code),
    },
  );
}

/** The answer to COMMIT was lost with the connection. */
export function commitOutcomeUnknown(error: unknown): DatabaseError {
  return new DatabaseError(
    "commit_outcome_unknown",
    "The connection broke before the answer to COMMIT came, so the transaction may or may not have happened.",
    { hint: "Look whether what it wrote is there before running it again.", cause: (error as Error).cause },
  );
}

function codeOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (message === "timeout expired") return "ETIMEDOUT"; // `pg` gives no code
  return typeof code === "string" ? code : "unknown";
}

function isTlsText(error: unknown): boolean {
  return error instanceof Error && /does not support (SSL|secure) connection|SSL connection/i.test(error.message);
}

function tlsReason(error: unknown, code: string): string {
  return isTlsText(error) ? "the server has no TLS" : `the certificate or the protocol was refused (${code})`;
}
