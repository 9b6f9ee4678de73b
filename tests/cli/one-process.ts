import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "../packaging/support.ts";
import { ROOT, userEnvironment } from "./support.ts";

/** Runs the built command line once for each of these lines, after the words of the program. Prints what each printed. */
const SCRIPT = `
  process.setMaxListeners(0); process.stdout.setMaxListeners(0); process.stderr.setMaxListeners(0);
  const [program, ...lines] = process.argv.slice(1);
  const { main } = await import(program);
  const print = process.stdout.write.bind(process.stdout);
  const results = [];
  for (const line of lines) {
    const printed = [];
    process.stdout.write = (text) => printed.push(text) > 0;
    const exitCode = await main(line.split(" "));
    results.push({ exitCode, stdout: printed.join("") });
  }
  print(JSON.stringify(results));`;

/** Runs several commands in one process, one after the other: starting a process for each is what takes the time. */
export async function inOneProcess(
  cwd: string,
  lines: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly exitCode: number; readonly stdout: string }[]> {
  const program = pathToFileURL(join(ROOT, "dist", "cli.js")).href;
  const args = ["--input-type=module", "--eval", SCRIPT, program, ...lines];
  const { exitCode, stdout, stderr } = await run(process.execPath, args, { cwd, env: userEnvironment(env) });
  if (exitCode !== 0 || stderr !== "") throw new Error(`${lines.join("; ")} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}
