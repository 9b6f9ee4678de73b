import { readFileSync } from "node:fs";
import { DatabaseError } from "./errors.ts";

/** How the connection to a server is protected: the `sslmode` of PostgreSQL's clients, for every server. */
export type TlsMode = "disable" | "require" | "verify-ca" | "verify-full";

/** What the URL of a database server says. */
export interface ServerLocation {
  /** Name or address; null for a socket. */
  readonly host: string | null;
  readonly port: number;
  /** The path of a Unix socket, or of its folder; null for TCP. */
  readonly socket: string | null;
  readonly user: string | null;
  readonly password: string | null;
  readonly database: string | null;
  /** null for no encryption. */
  readonly tls: TlsOptions | null;
  /** Milliseconds to wait for the server to accept a connection; null for the pool's own limit. */
  readonly connectTimeoutMs: number | null;
  readonly applicationName: string | null;
}

/** What `tls.connect` needs; both drivers take the same. */
export interface TlsOptions {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly checkServerIdentity?: () => undefined;
}

/** What is the same in every URL of one kind of server. */
export interface ServerDefaults {
  readonly port: number;
  /** Where the server's socket is, for a URL that names neither a host nor a socket; null to use TCP on this machine. */
  readonly socket: string | null;
}

const PARAMETERS = [
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "connect_timeout",
  "application_name",
  "host",
] as const;
const TLS_MODES: readonly TlsMode[] = ["disable", "require", "verify-ca", "verify-full"];

/**
 * Reads `scheme://user:password@host:port/database?parameter=value`. Everything is percent-decoded. A socket is
 * written as `?host=/path`, or percent-encoded in place of the host.
 *
 * @throws DatabaseError `unsupported` for what cannot be read, naming the part but never the password
 */
export function parseServerUrl(url: string, defaults: ServerDefaults): ServerLocation {
  const parsed = parse(url);
  const parameters = readParameters(url, parsed.searchParams);
  const host = parameters.host ?? decode(parsed.hostname.replace(/^\[(.*)\]$/, "$1"), url, "host");
  if (host.includes(",")) throw invalid(url, "names several hosts", "Name the one that the others follow.");
  const socket = host.startsWith("/") ? host : host === "" ? defaults.socket : null;
  return {
    host: socket === null ? host || "127.0.0.1" : null,
    socket,
    port: parsed.port === "" ? defaults.port : Number(parsed.port),
    user: decode(parsed.username, url, "user") || null,
    password: decode(parsed.password, url, "password") || null,
    database: decode(parsed.pathname.replace(/^\//, ""), url, "database") || null,
    tls: tlsOptions(url, parameters),
    connectTimeoutMs: connectTimeout(url, parameters.connect_timeout),
    applicationName: parameters.application_name ?? null,
  };
}

/** `db1:5432, database shop`, for messages. */
export function describeServer({ host, port, socket, database }: ServerLocation): string {
  return `${socket ?? `${host}:${port}`}${database === null ? "" : `, database ${database}`}`;
}

function parse(url: string): URL {
  // Without a host the URL parser refuses a user or a port.
  const parsed = URL.canParse(url) ? new URL(url) : null;
  // A slash or # of a password ends the host for the parser, and what follows would be shown as a name.
  const isWhole = parsed !== null && /^[^:]+:\/\//.test(url) && parsed.hash === "" && !parsed.pathname.includes("@");
  if (!isWhole) throw unreadable(url);
  return parsed;
}

function unreadable(url: string): DatabaseError {
  return invalid(url, "cannot be read", "Percent-encode special characters in user and password, e.g. @ as %40.");
}

type Parameters = Partial<Record<(typeof PARAMETERS)[number], string>>;

function readParameters(url: string, query: URLSearchParams): Parameters {
  const found: Parameters = {};
  for (const [key, value] of query) {
    const known = PARAMETERS.find((name) => name === key);
    if (known === undefined && `${key}${value}`.includes("@")) throw unreadable(url); // the ? was a password's
    if (known === undefined)
      throw invalid(url, `has the parameter ${key}, which is not known`, `Known are ${PARAMETERS.join(", ")}.`);
    found[known] = value;
  }
  return found;
}

function tlsOptions(url: string, parameters: Parameters): TlsOptions | null {
  const asked = parameters.sslmode;
  const mode = TLS_MODES.find((known) => known === (asked ?? "disable"));
  if (mode === undefined)
    throw invalid(url, `has sslmode=${asked}`, `Fraisier knows ${TLS_MODES.join(", ")}; nothing in between.`);
  if (mode === "disable") return null;
  const file = (name: "sslrootcert" | "sslcert" | "sslkey") => readPem(url, name, parameters[name]);
  const [ca, cert, key] = [file("sslrootcert"), file("sslcert"), file("sslkey")];
  return {
    // As libpq has it: `require` alone encrypts without asking whom it talks to, unless there is a root certificate.
    rejectUnauthorized: mode !== "require" || ca !== undefined,
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(mode !== "verify-full" && { checkServerIdentity: () => undefined }),
  };
}

function readPem(url: string, name: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DatabaseError("tls_failed", `${name} of ${maskUrl(url)} could not be read: ${path} (${code}).`, {
      hint: "Give the path of a PEM file that this user may read.",
    });
  }
}

function connectTimeout(url: string, seconds: string | undefined): number | null {
  if (seconds === undefined) return null;
  if (!/^\d{1,6}$/.test(seconds))
    throw invalid(url, `has connect_timeout=${seconds}`, "Give it in whole seconds, 0 for no limit of its own.");
  return seconds === "0" ? null : Number(seconds) * 1000;
}

function decode(text: string, url: string, part: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.includes("\0")) return decoded;
  } catch {
    // not percent-encoding: said below
  }
  throw invalid(url, `has a ${part} that is not properly percent-encoded`, "Write a percent sign as %25.");
}

function invalid(url: string, why: string, hint: string): DatabaseError {
  return new DatabaseError("unsupported", `The database URL ${maskUrl(url)} ${why}.`, { hint });
}

/** `user:password@` behind a scheme, or, in what was mistyped, without a scheme or its slashes. */
const CREDENTIALS =
  /^([a-z][a-z0-9+.-]*:\/+[^:@/?#]*|(?!\/*sqlite:)(?:[a-z][a-z0-9+.-]*\/\/)?\/*[^:@/?#]*(?=:(?!\/\/))):.*@/is;

/** Parameters whose values are nobody's secret; that of any other may be a password, whatever it is called. */
const HARMLESS: ReadonlySet<string> = new Set([...PARAMETERS, "mode", "synchronous"]);

/** A URL as it may be shown: its password, and the value of every parameter that is not known to be harmless, are masked. */
export function maskUrl(url: string): string {
  const [location = "", ...query] = url.replace(CREDENTIALS, "$1:***@").split("?");
  const masked = query.map((part) =>
    part.replace(/([^=&#]*)=([^&#]*)/g, (shown, name: string, value: string) =>
      HARMLESS.has(name) && !/[=;@]/.test(value) ? shown : `${name}=***`,
    ),
  );
  return [location, ...masked].join("?");
}
