/** What two spellings of one word have in common: `healthCheck`, `health-check` and `Health_Check` are the same. */
function skeleton(word: string): string {
  return word
    .normalize("NFD")
    .replace(/[\p{M}_\-. ]/gu, "")
    .toLowerCase();
}

/** How many single edits (insert, delete, replace, swap of neighbours) lead from one word to the other. */
function distance(from: string, to: string): number {
  const a = [...from];
  const b = [...to];
  let beforeLast: number[] = [];
  let last = b.map((_, j) => j + 1);
  last.unshift(0);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(least);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/**
 * Finds the candidate that was most likely meant by a misspelt word: one that differs by case, accents or
 * separators only, else one within a third of its letters, else one that has the word as a part (`repo` for
 * `git_repo`).
 *
 * @returns the candidate as it is spelt, or null when nothing is close. The word itself is never suggested.
 */
export function suggest(word: string, candidates: Iterable<string>): string | null {
  const wanted = skeleton(word);
  if (wanted === "" || word.length > 200) return null;
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  let part: string | null = null;
  for (const candidate of candidates) {
    if (candidate === word) continue;
    const other = skeleton(candidate);
    const limit = Math.max(1, Math.floor(Math.max(wanted.length, other.length) / 3));
    const tooFar = Math.abs(wanted.length - other.length) > limit || Math.min(wanted.length, other.length) < 2;
    const edits = wanted === other ? 0 : tooFar ? Number.POSITIVE_INFINITY : distance(wanted, other);
    if (edits <= limit && edits < bestDistance) {
      best = candidate;
      bestDistance = edits;
    }
    if (
      part === null &&
      wanted.length > 2 &&
      candidate
        .toLowerCase()
        .split(/[_\-.]/)
        .includes(word.toLowerCase())
    ) {
      part = candidate;
    }
  }
  return best ?? part;
}
