export const LATENCY_HINT = "See whether the server is overloaded, and how far away it is.";

/** Why a server only allows reading, and what to do. */
export const READ_ONLY_SERVER = {
  why: "the server only allows reading (a replica, or read_only or default_transaction_read_only is set)",
  hint: "Give the address of the primary, or have the server allow writing.",
} as const;

/** What to do about a connection that can't be had, where the error itself does not say it. */
const CONNECTION_HINTS: Readonly<Record<string, string>> = {
  connection_refused: "See whether the server runs, and whether host and port of the URL are right.",
  connection_lost: "See the server's log; it may be restarting.",
  authentication_failed:
    "Check user and password of the URL, and the server's rules for this address (pg_hba.conf, or the user's host).",
  tls_failed: "Check sslmode and sslrootcert of the URL, and the server's certificate.",
  too_many_connections: "Raise the server's limit, or lower FRAISIER_DB_POOL_MAX.",
  acquire_timeout: "See whether the server runs, and whether a firewall swallows the connection.",
  statement_timeout: "See whether the server hangs: its log, its disk, its memory.",
  undefined_table: "Create the database that the URL names.",
};

/** The remedy for a failed connection. */
export function connectionHint(error: { readonly kind?: string; readonly hint?: string | undefined }): string | null {
  return error.hint ?? CONNECTION_HINTS[error.kind ?? ""] ?? null;
}
