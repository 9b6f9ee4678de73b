/**
 * What a project, fraise, environment or job may be called: 1 to 64 letters of any script, digits, `.`, `_` and `-`,
 * not beginning with `.` or `-`. A name must also be in Unicode NFC form, which a pattern cannot say: see
 * {@link checkName}.
 */
export const NAME_PATTERN: RegExp = /^(?![.-])[\p{L}\p{M}\p{Nd}._-]{1,64}$/u;

/** The most characters (Unicode code points) that a name may have. */
export const NAME_LENGTH = 64;

/**
 * Says why a text can't be the name of a project, fraise, environment or job.
 *
 * @returns a clause that follows the quoted name ("must not begin with …"), or null when the name is fine.
 */
export function checkName(name: string): string | null {
  if (name === "") return "must not be empty";
  if (name !== name.normalize("NFC")) {
    return "is not in Unicode NFC form: an accent is written as a character of its own; type the name anew or normalize it";
  }
  if (NAME_PATTERN.test(name)) return null;
  if (/^[.-]/.test(name)) return `must not begin with "${name[0]}"`;
  const length = [...name].length;
  if (length > NAME_LENGTH) return `has ${length} characters; at most ${NAME_LENGTH} are allowed`;
  const odd = [...name].find((character) => !/[\p{L}\p{M}\p{Nd}._-]/u.test(character)) ?? "";
  return `must consist of letters, digits, ".", "_" and "-"; ${JSON.stringify(odd)} is not allowed`;
}
