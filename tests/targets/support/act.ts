/**
 * A process that uses the target and can be killed: `node act.ts <settings as JSON> <action> …`. Each action says what
 * it did in a line on stdout; then the process waits to be ended.
 */
import { createLocalTarget, type StepIo } from "../../../src/targets/index.ts";

const [settings = "{}", ...actions] = process.argv.slice(2);
const target = createLocalTarget(JSON.parse(settings));
const io: StepIo = {
  signal: new AbortController().signal,
  onOutput: (stream, text) => process.stdout.write(`${stream}: ${text}\n`),
};

let idle = false;
for (const action of actions) {
  const [verb, ...words] = action.split(" ");
  const rest = words.join(" ");
  try {
    if (verb === "guard") await target.guard({ token: Number(rest), holder: "somebody else" });
    else if (verb === "fetch") await target.fetch({ id: rest, ref: await target.resolveRef("main") }, io);
    else if (verb === "run") await target.run(words.slice(1).join(" "), words[0] ?? "", io);
    else if (verb === "restart") await target.restart(rest, io);
    else if (verb === "exit") process.exit(0);
    else if (verb === "idle") idle = true;
    process.stdout.write(`done: ${verb}\n`);
  } catch (error) {
    process.stdout.write(`failed: ${verb}: ${error instanceof Error && "kind" in error ? error.kind : error}\n`);
  }
}
if (!idle) setInterval(() => {}, 1_000_000);
