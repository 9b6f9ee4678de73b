const PLAIN_TAGS = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((tag) => `tag:yaml.org,2002:${tag}`),
);

/** Whether a YAML tag only says what the value would be anyway. `!` alone means text. */
export function isPlainTag(tag: string): boolean {
  return tag === "!" || PLAIN_TAGS.has(tag);
}

/** What to say of a YAML tag that has no meaning here. */
export function describeTag(tag: string, value: string): { message: string; suggestion: string | null } {
  const name = tag.replace("tag:yaml.org,2002:", "!!");
  if (/^!env(?:var)?$/i.test(tag)) {
    return {
      message: `the tag ${name} is not known here; a variable is written \${NAME}`,
      suggestion: /^\w+$/.test(value) ? `\${${value}}` : null,
    };
  }
  return { message: `the tag ${name} is not known here; leave it out`, suggestion: null };
}
