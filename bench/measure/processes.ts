import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** Runs a file of this folder in a fresh process with an argument, and returns the JSON that it prints. @throws with what it said */
export async function inFreshProcess<T>(file: URL, argument: unknown): Promise<T> {
  const args = ["--disable-warning=ExperimentalWarning", file.pathname, JSON.stringify(argument)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (code !== 0) throw new Error(`${file.pathname} ${JSON.stringify(argument)} ended with ${code}:\n${stderr}`);
  return JSON.parse(stdout) as T;
}
