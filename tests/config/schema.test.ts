import { expect, test } from "vitest";
import { projectJsonSchema } from "../../src/config/index.ts";

interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly propertyNames?: JsonSchema;
  readonly pattern?: string;
  readonly anyOf?: readonly JsonSchema[];
}

const SCHEMA: JsonSchema = projectJsonSchema();

function undescribed(schema: JsonSchema, path: string): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, value]) => [
    ...(value.description === undefined ? [`${path}.${key}`] : []),
    ...undescribed(value, `${path}.${key}`),
  ]);
  const { additionalProperties: rest } = schema;
  return [
    ...own,
    ...(typeof rest === "object" ? undescribed(rest, `${path}.*`) : []),
    ...(schema.anyOf ?? []).flatMap((option) => undescribed(option, path)),
  ];
}

test("a JSON Schema can be made of it, in which every key is described", () => {
  expect(Object.keys(SCHEMA.properties ?? {})).toEqual([
    "name",
    "fraises",
    "git",
    "branch_mapping",
    "environments",
    "database",
    "secrets",
  ]);
  expect(undescribed(SCHEMA, "")).toEqual([]);
  const fraise = SCHEMA.properties?.fraises?.additionalProperties as JsonSchema;
  expect(Object.keys(fraise.properties ?? {})).toContain("environments");
  expect(fraise.additionalProperties).toBe(false);
});

test("the names of fraises follow the pattern there, too", () => {
  const pattern = new RegExp(SCHEMA.properties?.fraises?.propertyNames?.pattern ?? "^$", "u");
  expect(["étl", ".x", "a b"].map((name) => pattern.test(name))).toEqual([true, false, false]);
});
