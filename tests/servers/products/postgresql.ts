import { join } from "node:path";
import { MAX_CONNECTIONS, type Product, TIME_ZONE } from "./product.ts";

export const postgresql: Product = {
  kind: "postgresql",
  title: "PostgreSQL",
  urlVariable: "FRAISIER_TEST_POSTGRES_URL",
  programs: ["postgres", "initdb"],
  packages: ["postgresql"],
  suite: "release",
  protocol: "postgresql",
  stopSignal: "SIGINT",

  parseVersion: (text) => /\(PostgreSQL\) (\d\S*)/.exec(text)?.[1] ?? null,

  initialise({ folder, programs, password }, write) {
    return programs.command("initdb", [
      `--pgdata=${join(folder, "data")}`,
      "--username=postgres",
      `--pwfile=${write("password", `${password}\n`)}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C.UTF-8",
      "--no-sync",
    ]);
  },

  serve({ folder, programs, port, settings }) {
    const all = {
      listen_addresses: "127.0.0.1",
      unix_socket_directories: join(folder, "run"),
      max_connections: MAX_CONNECTIONS,
      shared_buffers: "32MB",
      max_wal_size: "256MB",
      // Nothing is forced to the disk. What was committed still survives SIGKILL, for it was handed to the system.
      fsync: "off",
      // In files of data/, which vanish with it.
      dynamic_shared_memory_type: "mmap",
      // By the POSIX rule the sign counts westward.
      timezone: `<+${TIME_ZONE}>-${TIME_ZONE}`,
      ...settings,
    };
    const options = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    return programs.command("postgres", ["-D", join(folder, "data"), "-p", String(port), ...options]);
  },

  url: ({ port, password }) => `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`,
  socket: ({ folder }) => join(folder, "run"),
};
