/** The parts of the contract that hold for a blocking call as for an asynchronous one, unchanged, on the wrapper. */
import { openBlocking } from "./support/blocking-face.ts";
import { IS_FULL } from "./support/databases.ts";
import { openWith } from "./support/opening.ts";

openWith(openBlocking);

await import("./types.test.ts");
await import("./errors.test.ts");
if (IS_FULL) {
  await import("./reading.test.ts");
  await import("./writing.test.ts");
  await import("./stream.test.ts");
  await import("./inserting.test.ts");
  await import("./placeholders.test.ts");
  await import("./names.test.ts");
}
