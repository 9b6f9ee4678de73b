import { resolve } from "node:path";
import { FraisierError } from "./errors.ts";

/** What can be said about a database, with the variable of the environment that says it. */
export const DATABASE_VARIABLES = {
  type: "FRAISIER_DB_TYPE",
  url: "FRAISIER_DB_URL",
  urlFile: "FRAISIER_DB_URL_FILE",
  path: "FRAISIER_DB_PATH",
  poolMin: "FRAISIER_DB_POOL_MIN",
  poolMax: "FRAISIER_DB_POOL_MAX",
  acquireTimeout: "FRAISIER_DB_ACQUIRE_TIMEOUT",
  statementTimeout: "FRAISIER_DB_STATEMENT_TIMEOUT",
} as const;

/** The name of something that can be said about a database. */
export type DatabaseSetting = keyof typeof DATABASE_VARIABLES;

/** What was said, and where: `fraises.yaml:12:8`, `--db`. */
export interface SaidSetting {
  readonly text: string;
  readonly place: string;
}

/** What a source says. */
export type DatabaseSettings = { readonly [name in DatabaseSetting]?: SaidSetting };

type Variables = Readonly<Record<string, string | undefined>>;

/** What `loadDatabaseConfig` chooses from, highest first. */
export interface DatabaseConfigSources {
  /**
   * What the caller says; times in seconds, or with a unit: `500ms`, `2m`. Messages call its place `the option url`,
   * unless one is given.
   */
  readonly options?: { readonly [name in DatabaseSetting]?: string | number | SaidSetting };
  /** Default: nothing, not the environment of the process. */
  readonly env?: Variables;
  /** The variables of the `.env` file beside fraises.yaml. */
  readonly dotenv?: Variables;
  /** What `database:` says in fraises.yaml or config.yaml. */
  readonly file?: { readonly settings: DatabaseSettings; readonly directory: string } | null;
  /** The folder of the default database, and of what `.env` says: that of fraises.yaml. Default: the working folder. */
  readonly directory?: string;
  readonly workingDirectory?: string;
}

/** What was said about the database cannot be. */
export class DatabaseConfigError extends FraisierError {
  override readonly name: string = "DatabaseConfigError";
  declare readonly kind: "config_invalid";

  constructor(message: string, hint: string | undefined, cause?: unknown) {
    super("config_invalid", message, { hint, cause });
  }
}

/** One source. */
export interface Layer {
  readonly settings: DatabaseSettings;
  /** What relative paths in it are relative to. */
  readonly baseDirectory: string;
}

/** The sources one above the other. */
export function layersOf({ options = {}, env = {}, dotenv = {}, file, ...folders }: DatabaseConfigSources): Layer[] {
  const workingDirectory = resolve(folders.workingDirectory ?? process.cwd());
  const directory = resolve(folders.directory ?? workingDirectory);
  const given = Object.entries(options).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [[name, typeof value === "object" ? value : { text: String(value), place: `the option ${name}` }]],
  );
  return [
    { settings: Object.fromEntries(given) as DatabaseSettings, baseDirectory: workingDirectory },
    { settings: variablesOf(env, ""), baseDirectory: workingDirectory },
    { settings: variablesOf(dotenv, " in .env"), baseDirectory: directory },
    { settings: file?.settings ?? {}, baseDirectory: file?.directory ?? directory },
  ];
}

/** An empty variable says nothing. */
function variablesOf(variables: Variables, where: string): DatabaseSettings {
  const said = Object.entries(DATABASE_VARIABLES).flatMap(([name, variable]) => {
    const text = variables[variable];
    return text ? [[name, { text, place: `${variable}${where}` }]] : [];
  });
  return Object.fromEntries(said) as DatabaseSettings;
}
