type Raw = Record<string, unknown>;

/**
 * A reading whose boolean, date and JSON are what they were when they were written: what the users of a library that
 * leaves that to them do by hand. Changes the row itself.
 */
export function converted(row: Raw): Raw {
  if (typeof row.active === "number") row.active = row.active === 1;
  if (typeof row.taken_at === "string") row.taken_at = new Date(row.taken_at);
  if (typeof row.details === "string") row.details = JSON.parse(row.details);
  return row;
}
