import * as z from "zod/mini";
import { projectSchema } from "./schema.ts";

/** The JSON Schema (draft 2020-12) of fraises.yaml, for editors; made of the definition by which the file is checked. */
export function projectJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(projectSchema, {
    io: "input",
    override: ({ jsonSchema }) => {
      // Keys that begin with x- are everybody's own.
      if (jsonSchema.additionalProperties === false) jsonSchema.patternProperties = { "^x-": {} };
    },
  });
  return { title: "fraises.yaml", ...schema };
}
