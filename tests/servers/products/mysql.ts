import { dirname } from "node:path";
import { administratorSql, optionsOf, sharedOptions, sharedSettings, socketOf, urlOf } from "./mysql-family.ts";
import type { Product, Site } from "./product.ts";

export const mysql: Product = {
  kind: "mysql",
  title: "MySQL",
  urlVariable: "FRAISIER_TEST_MYSQL_URL",
  programs: ["mysqld"],
  packages: ["mysql-server-core"],
  suite: "unstable",
  protocol: "mysql",
  stopSignal: "SIGTERM",

  // MariaDB's server can be called mysqld too.
  parseVersion: (text) => (/mariadb/i.test(text) ? null : (/\bVer (\d+(?:\.\d+)+)/.exec(text)?.[1] ?? null)),

  initialise(site, write) {
    write("administrator.sql", administratorSql(site.password));
    return site.programs.command("mysqld", [...basics(site), "--initialize-insecure"]);
  },

  serve(site) {
    const settings = { ...sharedSettings(site), mysqlx: "OFF", ...site.settings };
    return site.programs.command("mysqld", [...basics(site), ...optionsOf(settings)]);
  },

  url: urlOf,
  socket: socketOf,
};

function basics(site: Site): string[] {
  return [
    ...sharedOptions(site),
    `--basedir=${dirname(dirname(site.programs.file("mysqld")))}`,
    "--skip-log-bin",
    "--innodb-flush-method=nosync",
    "--innodb-redo-log-capacity=64M",
  ];
}
