import { join } from "node:path";
import type { Product } from "./product.ts";

/**
 * PgBouncer in transaction mode: each transaction of a client gets whichever session with the server is free.
 *
 * @param url - The administrator's URL of the PostgreSQL behind it.
 */
export function pgbouncer(url: string): Product {
  const { hostname, port: serverPort, username, password } = new URL(url);
  const [user, secret] = [username, password].map(decodeURIComponent);
  return {
    kind: "postgresql",
    title: "PgBouncer",
    urlVariable: "FRAISIER_TEST_POSTGRES_URL",
    programs: ["pgbouncer"],
    packages: ["pgbouncer"],
    suite: "release",
    protocol: "postgresql",
    stopSignal: "SIGTERM",

    parseVersion: (text) => /PgBouncer (\d\S*)/i.exec(text)?.[1] ?? null,

    initialise({ folder, programs, port, settings }, write) {
      const all = {
        listen_addr: "127.0.0.1",
        listen_port: port,
        unix_socket_dir: join(folder, "run"),
        auth_type: "scram-sha-256",
        auth_file: write("users.txt", `"${user}" "${secret}"\n`),
        pool_mode: "transaction",
        ...settings,
      };
      const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}\n`);
      const server = `host=${hostname} port=${serverPort || 5432}`;
      write("pgbouncer.ini", `[databases]\n* = ${server}\n[pgbouncer]\n${lines.join("")}`);
      return programs.command("pgbouncer", ["--version"]); // it has no data to make
    },

    serve: ({ folder, programs }) => programs.command("pgbouncer", [join(folder, "pgbouncer.ini")]),
    url: ({ port }) => `postgresql://${username}:${password}@127.0.0.1:${port}/postgres`,
    socket: ({ folder }) => join(folder, "run"),
  };
}
