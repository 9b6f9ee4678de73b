/** What stands at the top of each page that is made. */
export const NOTICE = "<!-- Made from the code by `npm run docs`. Change it there. -->";

/** A table. Text in its cells may hold `|`. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** `like this`. */
export const code = (text: string): string => `\`${text}\``;

export function fencedBlock(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

/** The parts of a page, an empty line between them. */
export const paragraphs = (...parts: readonly string[]): string => `${parts.filter(Boolean).join("\n\n")}\n`;
