import { type Terminal, visibleLength } from "./terminal.ts";

/** Lines with aligned columns under a head. Two spaces between columns; no line ends in spaces. */
export function table(terminal: Terminal, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replace(/\s*\n\s*/g, " ")));
  const widths = head.map((title, column) =>
    cells.reduce((width, row) => Math.max(width, visibleLength(row[column] ?? "")), visibleLength(title)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - visibleLength(cell))))
      .join("  ")
      .trimEnd();
  return [terminal.style("dim", line(head)), ...cells.map(line)].join("\n");
}

/** Lines of `label  value`, without those that have no value. */
export function facts(terminal: Terminal, entries: readonly (readonly [string, string | null | undefined])[]): string {
  const known = entries.filter(
    (entry): entry is readonly [string, string] => entry[1] !== null && entry[1] !== undefined && entry[1] !== "",
  );
  const width = Math.max(...known.map(([label]) => label.length));
  return known.map(([label, value]) => `${terminal.style("dim", label.padEnd(width))}  ${value}`).join("\n");
}
