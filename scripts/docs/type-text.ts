import { code } from "./markdown.ts";

/** As much of a JSON Schema as the page reads. */
export interface JsonSchema {
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
}

/** What a key takes, in words. */
export function typeText(schema: JsonSchema): string {
  if (schema.title !== undefined) return schema.title;
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(", ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeText).join(", or ");
  switch (schema.type) {
    case "string":
      return "text";
    case "integer":
      return `a whole number, ${schema.minimum} to ${schema.maximum}`;
    case "array":
      return `a list of ${plural(typeText(schema.items ?? {}))}`;
    case "object":
      return mapText(schema);
    default:
      return "anything";
  }
}

function mapText({ properties, additionalProperties: rest }: JsonSchema): string {
  if (properties !== undefined || typeof rest !== "object") return "a map";
  const values = typeText(rest);
  return values === "anything" || values.startsWith("a map") ? "a map" : `a map of ${plural(values)}`;
}

const plural = (text: string): string =>
  text.startsWith("a whole number") ? text.replace("a whole number", "numbers") : text === "text" ? "texts" : text;
