/** What MySQL and MariaDB have in common. */
import { join } from "node:path";
import { MAX_CONNECTIONS, type Site, TIME_ZONE } from "./product.ts";

/** What a server must be told whatever it is run for. One's start removes what others have in the same tmpdir. */
export function sharedOptions({ folder }: Site): string[] {
  return ["--no-defaults", `--datadir=${join(folder, "data")}`, `--tmpdir=${join(folder, "tmp")}`];
}

/** Settings as options of the command line. */
export function optionsOf(settings: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(settings).map(([name, value]) => `--${name.replaceAll("_", "-")}=${value}`);
}

/** Settings that both know. */
export function sharedSettings(site: Site): Record<string, string | number> {
  const { folder, port } = site;
  return {
    port,
    bind_address: "127.0.0.1",
    socket: socketOf(site),
    pid_file: join(folder, "run", "mysqld.pid"),
    secure_file_priv: join(folder, "tmp"),
    init_file: join(folder, "administrator.sql"),
    skip_name_resolve: "ON",
    max_connections: MAX_CONNECTIONS,
    default_time_zone: `+${TIME_ZONE}`,
    innodb_buffer_pool_size: "64M",
    // Handed to the system with each commit, so that what was committed survives SIGKILL.
    innodb_flush_log_at_trx_commit: 2,
  };
}

/** The text of administrator.sql: root with that password through the socket and from everywhere. Run at every start. */
export function administratorSql(password: string, ...before: readonly string[]): string {
  const statements = [
    ...before,
    `ALTER USER root@localhost IDENTIFIED BY '${password}'`,
    `CREATE USER IF NOT EXISTS root@'%' IDENTIFIED BY '${password}'`,
    "GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION",
  ];
  return statements.map((statement) => `${statement};\n`).join("");
}

export function urlOf({ port, password }: Site): string {
  return `mysql://root:${password}@127.0.0.1:${port}/mysql`;
}

export function socketOf({ folder }: Site): string {
  return join(folder, "run", "mysqld.sock");
}
