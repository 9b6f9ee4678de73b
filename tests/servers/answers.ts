import { connect } from "node:net";

/** The language that a server speaks. */
export type Protocol = "postgresql" | "mysql";

const TIMEOUT_MS = 1000;

/** How PostgreSQL answers, and MySQL begins, when the next thing they want is a password. */
const IS_READY: Readonly<Record<Protocol, (answer: Buffer) => boolean>> = {
  postgresql: (answer) => answer[0] === "R".charCodeAt(0),
  // After the packet's four bytes of header: the version of the protocol. An error has 0xff there.
  mysql: (answer) => answer[4] === 10,
};

/** Whether a server of this machine takes connections: one that is still starting, or is full, does not. */
export function answers(port: number, protocol: Protocol): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const settle = (ready: boolean) => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(TIMEOUT_MS, () => settle(false));
    socket.on("error", () => settle(false));
    socket.on("close", () => settle(false));
    socket.on("data", (answer) => settle(IS_READY[protocol](answer)));
    if (protocol === "postgresql") socket.write(startupMessage());
  });
}

/** Protocol 3.0, user `postgres`. */
function startupMessage(): Buffer {
  const body = Buffer.from("\0\x03\0\0user\0postgres\0\0");
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}
