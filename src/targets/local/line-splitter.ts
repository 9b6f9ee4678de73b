import type { Clock, Timer } from "../../db/index.ts";

/** A longer line is delivered in pieces of that many characters. */
export const LINE_LIMIT: number = 64 * 1024;
/** How long the beginning of a line waits for its end, in milliseconds, before it is shown. */
const PARTIAL_MS = 1_000;

/**
 * Makes text lines of the bytes a process writes: UTF-8 whose characters may be split between chunks, lines that end
 * in `\n` or `\r\n`. A line that is not ended within a second is delivered as far as it has come, so that progress
 * shows; what follows is then a line of its own.
 */
export class LineSplitter {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #onLine: (line: string) => void;
  readonly #clock: Clock | null;
  #rest = "";
  #timer: Timer | null = null;

  /** @param clock measures the second; null delivers whole lines only, however long they are or take. */
  constructor(onLine: (line: string) => void, clock: Clock | null) {
    this.#onLine = onLine;
    this.#clock = clock;
  }

  /** Takes the next bytes, and delivers the lines that are complete by now. */
  write(bytes: Uint8Array): void {
    this.#take(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Delivers what is left, a last line without an end. */
  end(): void {
    this.#take(this.#decoder.decode());
    this.#flush();
  }

  #take(text: string): void {
    const lines = text.split("\n");
    lines[0] = this.#rest + (lines[0] ?? "");
    this.#rest = lines.pop() ?? "";
    if (lines.length > 0) this.#stopTimer();
    for (const line of lines) {
      this.#deliver(line.endsWith("\r") ? line.slice(0, -1) : line);
    }
    while (this.#clock !== null && this.#rest.length > LINE_LIMIT) {
      const length = pieceLength(this.#rest);
      this.#onLine(this.#rest.slice(0, length));
      this.#rest = this.#rest.slice(length);
    }
    if (this.#rest !== "") {
      this.#timer ??= this.#clock?.startTimer(() => this.#flush(), PARTIAL_MS, { unref: true }) ?? null;
    }
  }

  #deliver(line: string): void {
    let rest = line;
    while (this.#clock !== null && rest.length > LINE_LIMIT) {
      const length = pieceLength(rest);
      this.#onLine(rest.slice(0, length));
      rest = rest.slice(length);
    }
    this.#onLine(rest);
  }

  #flush(): void {
    this.#stopTimer();
    const rest = this.#rest;
    this.#rest = "";
    if (rest !== "") this.#deliver(rest);
  }

  #stopTimer(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}

/** As much as a piece may hold, without tearing a surrogate pair apart. */
function pieceLength(text: string): number {
  const last = text.charCodeAt(LINE_LIMIT - 1);
  return last >= 0xd800 && last <= 0xdbff ? LINE_LIMIT - 1 : LINE_LIMIT;
}
