import { isDeepStrictEqual } from "node:util";
import { DATABASE_KEYS, projectJsonSchema } from "../../src/config/index.ts";
import { DATABASE_VARIABLES, type DatabaseSetting } from "../../src/db/index.ts";
import {
  AFTER_KEYS,
  AN_EXAMPLE,
  DATABASE_CHOICE,
  DATABASE_PLACES,
  INTRODUCTION,
  SECRETS,
} from "./configuration-text.ts";
import { code, markdownTable, NOTICE, paragraphs } from "./markdown.ts";
import { type JsonSchema, typeText } from "./type-text.ts";

type Properties = Readonly<Record<string, JsonSchema>>;

/** docs/configuration.md: every key of fraises.yaml, and how the database is chosen. */
export function configurationPage(): string {
  const top: JsonSchema = projectJsonSchema();
  const fraise = entryOf(top.properties?.fraises);
  const environment = entryOf(fraise.properties?.environments);
  const settings = propertiesOf(environment);
  const own = without(propertiesOf(fraise), settings);
  const database = part(top.properties?.database);
  return paragraphs(
    NOTICE,
    "# Configuration",
    INTRODUCTION,
    AN_EXAMPLE,
    "## Keys of fraises.yaml",
    AFTER_KEYS,
    "### At the top",
    keyTable(propertiesOf(top)),
    "### A fraise: `fraises.<name>`",
    "What an environment can say can also stand here: then it holds for every environment that does not say otherwise.",
    keyTable(own),
    "### An environment: `fraises.<name>.environments.<name>`",
    keyTable(settings),
    "### `service`",
    sentenceOf(settings.service),
    keyTable(propertiesOf(part(settings.service))),
    "### `health_check`",
    sentenceOf(settings.health_check),
    keyTable(propertiesOf(part(settings.health_check))),
    SECRETS,
    "## The database",
    DATABASE_CHOICE,
    databaseTable(database),
    DATABASE_PLACES,
  );
}

/** What the entries of a map are; they may be left empty. */
function entryOf(schema: JsonSchema | undefined): JsonSchema {
  const value = schema?.additionalProperties;
  if (typeof value !== "object") throw new Error("the schema has no map where the page expects one");
  return part(value);
}

/** The part of a schema that is a map. */
function part(schema: JsonSchema | undefined): JsonSchema {
  const found = [schema, ...(schema?.anyOf ?? [])].find((each) => each?.properties !== undefined);
  if (found === undefined) throw new Error("the schema has no keys where the page expects them");
  return found;
}

const propertiesOf = (schema: JsonSchema): Properties => schema.properties ?? {};

const without = (properties: Properties, others: Properties): Properties =>
  Object.fromEntries(Object.entries(properties).filter(([key, value]) => !isDeepStrictEqual(value, others[key])));

const sentenceOf = (schema: JsonSchema | undefined): string => schema?.description ?? "";

function keyTable(properties: Properties): string {
  const rows = Object.entries(properties).map(([key, value]) => [code(key), typeText(value), sentenceOf(value)]);
  return markdownTable(["key", "takes", "meaning"], rows);
}

/** Each setting, in the four ways in which it can be said. */
function databaseTable(database: JsonSchema): string {
  const rows = Object.entries(DATABASE_VARIABLES).map(([name, variable]) => {
    const keys = DATABASE_KEYS[name as DatabaseSetting];
    let schema: JsonSchema | undefined = database;
    for (const key of keys) schema = schema?.properties?.[key];
    return [
      code(variable),
      code(keys.join(".")),
      code(name),
      schema === undefined ? "" : typeText(schema),
      sentenceOf(schema),
    ];
  });
  return markdownTable(["variable", "key below `database:`", "option in code", "takes", "meaning"], rows);
}
