import { projectJsonSchema } from "../../../config/index.ts";
import { EXIT } from "../../exit-codes.ts";
import type { Terminal } from "../../terminal.ts";

/** Prints the JSON Schema of fraises.yaml, which editors complete and check by. */
export async function configSchema(terminal: Terminal): Promise<number> {
  const schema = projectJsonSchema();
  if (terminal.json) terminal.printJson("config-schema", { jsonSchema: schema });
  else terminal.printExact(JSON.stringify(schema, null, 2));
  return EXIT.done;
}
