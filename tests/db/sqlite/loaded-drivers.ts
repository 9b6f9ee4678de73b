/** A process that sends which drivers are loaded after each step on the way to a first connection. */
import { Module } from "node:module";

const loaded = () => [
  ...(Reflect.get(process, "moduleLoadList") as string[]).filter((name) => name === "NativeModule sqlite"),
  ...["pg", "mysql2"].filter((name) =>
    Object.keys(Reflect.get(Module, "_cache")).some((path) => path.includes(`/node_modules/${name}/`)),
  ),
];

const { createAdapterFromUrl } = await import("../../../src/db/index.ts");
const imported = loaded();
const sqlite = await createAdapterFromUrl("sqlite::memory:");
await createAdapterFromUrl("postgresql://ada@localhost/app");
await createAdapterFromUrl("mysql://ada@localhost/app");
const made = loaded();
await sqlite.connect();
const connected = loaded();
// Else this process might not see what it looks for.
await Promise.all([import("pg"), import("mysql2")]);
process.send?.({ imported, made, connected, all: loaded() });
process.disconnect();
