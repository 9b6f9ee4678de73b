import type { TestFile } from "./repository.ts";

/** An application to deploy: `node server.mjs [name=value …]`. What it does is told by its arguments. */
export const APPLICATION: Readonly<Record<string, TestFile>> = {
  "server.mjs": `
import { spawn } from "node:child_process";
import { createServer } from "node:http";
const options = Object.fromEntries(process.argv.slice(2).map((text) => text.split("=")));
if (options.stubborn) process.on("SIGTERM", () => console.log("not now"));
if (options.child) console.log("child", spawn("sleep", ["1000"]).pid);
if (options.dieAtOnce) process.exit(Number(options.dieAtOnce));
let requests = 0;
createServer((request, response) => {
  requests++;
  if (options.dieOnRequest && requests >= Number(options.dieOnRequest)) process.exit(3);
  if (options.hang) return;
  response.statusCode = Number(options.status ?? 200);
  if (requests <= Number(options.badBefore ?? 0)) response.statusCode = 503;
  if (requests >= Number(options.badFrom ?? Infinity)) response.statusCode = 500;
  if (options.location) response.setHeader("location", options.location);
  response.end((options.body ?? "fine") + " " + process.env.FRAISIER_RELEASE + "\\n");
}).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("listening", process.env.FRAISIER_RELEASE, process.cwd()));
`,
};

/** The command that starts it; \`node\` is the one that runs the tests. */
export function application(options: Readonly<Record<string, string | number>> = {}): [string, ...string[]] {
  return [process.execPath, "server.mjs", ...Object.entries(options).map(([name, value]) => `${name}=${value}`)];
}
