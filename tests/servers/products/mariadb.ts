import { dirname } from "node:path";
import { administratorSql, optionsOf, sharedOptions, sharedSettings, socketOf, urlOf } from "./mysql-family.ts";
import type { Product, Site } from "./product.ts";

/** Removes those that mariadb-install-db makes for 127.0.0.1, ::1 and the name of the machine. */
const ROOTS_WITHOUT_PASSWORD = [
  "DELETE FROM mysql.global_priv WHERE user = 'root' AND host NOT IN ('localhost', '%')",
  "FLUSH PRIVILEGES",
];

export const mariadb: Product = {
  kind: "mariadb",
  title: "MariaDB",
  urlVariable: "FRAISIER_TEST_MARIADB_URL",
  programs: ["mariadbd", "mariadb-install-db", "my_print_defaults"],
  packages: ["mariadb-server-core", "mariadb-client-core"],
  suite: "release",
  protocol: "mysql",
  stopSignal: "SIGTERM",

  parseVersion: (text) => /\bVer (\d+(?:\.\d+)+)-MariaDB/.exec(text)?.[1] ?? null,

  initialise(site, write) {
    write("administrator.sql", administratorSql(site.password, ...ROOTS_WITHOUT_PASSWORD));
    const options = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
    return site.programs.command("mariadb-install-db", [...basics(site), ...options]);
  },

  serve(site) {
    const settings = { ...sharedSettings(site), character_set_server: "utf8mb4", ...site.settings };
    return site.programs.command("mariadbd", [...basics(site), ...optionsOf(settings)]);
  },

  url: urlOf,
  socket: socketOf,
};

function basics(site: Site): string[] {
  return [
    ...sharedOptions(site),
    `--basedir=${dirname(dirname(site.programs.file("mariadbd")))}`,
    "--debug-no-sync",
    "--innodb-log-file-size=64M",
  ];
}
