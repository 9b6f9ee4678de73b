/**
 * Servers that execute nothing: they write down the statements that a real client program sends, each by itself, and say
 * that all is well. How a real server executes them is no matter of how the client cuts a script.
 */

import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";

export interface RecordingServer {
  readonly port: number;
  readonly statements: readonly string[];
  close(): void;
}

/** Reads what has come in, as far as it is whole. @returns what is left */
type Reader = (bytes: Buffer) => Buffer;

async function listen(serve: (socket: Socket, record: (text: string) => void) => Reader): Promise<RecordingServer> {
  const statements: string[] = [];
  const server = createServer((socket) => {
    const read = serve(socket, (text) => statements.push(text));
    let rest: Buffer = Buffer.alloc(0);
    socket.on("error", () => {}); // the client is told enough by its end
    socket.on("data", (bytes) => {
      rest = read(Buffer.concat([rest, bytes]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, statements, close: () => void server.close() };
}

const int32 = (n: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(n);
  return bytes;
};

/** https://www.postgresql.org/docs/current/protocol-message-formats.html */
export function recordPostgres(): Promise<RecordingServer> {
  const message = (type: string, ...parts: (Buffer | string)[]) => {
    const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(`${part}\0`) : part)));
    return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
  };
  const ready = message("Z", Buffer.from("I"));
  return listen((socket, record) => {
    let isStarted = false;
    return (bytes) => {
      let rest = bytes;
      for (;;) {
        const head = isStarted ? 1 : 0;
        if (rest.length < head + 4) return rest;
        const length = head + rest.readInt32BE(head);
        if (rest.length < length) return rest;
        const [type, body] = [String.fromCharCode(rest[0] ?? 0), rest.subarray(head + 4, length)];
        rest = rest.subarray(length);
        if (!isStarted) {
          isStarted = true;
          const settings = [
            ["server_version", "15.0"],
            ["standard_conforming_strings", "on"],
            ["client_encoding", "UTF8"],
          ].map(([name = "", value = ""]) => message("S", name, value));
          socket.write(Buffer.concat([message("R", int32(0)), ...settings, ready]));
        } else if (type === "Q") {
          record(body.toString("utf8").slice(0, -1));
          socket.write(Buffer.concat([message("C", "DO"), ready]));
        } else if (type === "X") socket.end();
      }
    };
  });
}

/** What the clients of MySQL and MariaDB want to know before they read the script. */
const ASKED_BY_CLIENTS = new Set(["select @@version_comment limit 1", "select $$"]);
const QUERY = 3;
const QUIT = 1;

/** https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html */
export function recordMysql(version: string, authentication: string): Promise<RecordingServer> {
  const packet = (sequence: number, body: Buffer) => {
    const head = Buffer.alloc(4);
    head.writeUIntLE(body.length, 0, 3);
    head[3] = sequence;
    return Buffer.concat([head, body]);
  };
  // Protocol 4.1 with a plugin for logging in, transactions, and nothing that would change what is sent.
  const [low, high] = [0x01 | 0x08 | 0x200 | 0x2000 | 0x8000, 0x08 | 0x02];
  const greeting = Buffer.concat([
    Buffer.from([10]),
    Buffer.from(`${version}\0`),
    Buffer.from([1, 0, 0, 0]),
    Buffer.from("saltsalt\0"),
    Buffer.from([low & 255, low >> 8, 45, 2, 0, high, 0, 21]),
    Buffer.alloc(10),
    Buffer.from("saltsaltsalt\0"),
    Buffer.from(`${authentication}\0`),
  ]);
  const ok = Buffer.from([0, 0, 0, 2, 0, 0, 0]);
  // What MySQL 9 answers to the question by which its client learns that $$ begins a string.
  const dollarAnswer = Buffer.concat([Buffer.from([0xff, 1064 & 255, 1064 >> 8]), Buffer.from("#42000near '$$'")]);
  return listen((socket, record) => {
    let isStarted = false;
    socket.write(packet(0, greeting));
    return (bytes) => {
      let rest = bytes;
      for (;;) {
        if (rest.length < 4) return rest;
        const length = 4 + rest.readUIntLE(0, 3);
        if (rest.length < length) return rest;
        const [sequence, body] = [rest[3] ?? 0, rest.subarray(4, length)];
        rest = rest.subarray(length);
        const query = isStarted && body[0] === QUERY ? body.toString("utf8", 1) : null;
        if (isStarted && body[0] === QUIT) socket.end();
        else socket.write(packet(sequence + 1, query === "select $$" ? dollarAnswer : ok));
        if (query !== null && !ASKED_BY_CLIENTS.has(query)) record(query);
        isStarted = true;
      }
    };
  });
}
