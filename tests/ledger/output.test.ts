import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { NewOutput, OutputChunk } from "../../src/ledger/index.ts";
import { begun, describeEachDatabase, leaseOf, newDeployment } from "./support.ts";

const IS_FULL = process.env.FRAISIER_TEST_SCALE === "1";
const AT = new Date(Date.UTC(2026, 0, 15, 12, 0, 0, 123));

const out = (text: string, at = AT): NewOutput => ({ stream: "stdout", text, at });
const err = (text: string, at = AT): NewOutput => ({ stream: "stderr", text, at });
const texts = (chunks: readonly OutputChunk[]) => chunks.map(({ text }) => text);

describeEachDatabase("output", (open) => {
  test("is kept with its step, its place in the order, its time and its stream", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    const later = new Date(AT.getTime() + 1);
    await ledger.appendOutput(lease, id, 1, [out("a\n"), err("b\n", later)]);
    await ledger.appendOutput(lease, id, 2, [out("c\n")]);
    expect(await ledger.getOutput(id)).toEqual([
      { step: 1, sequence: 1, at: AT, stream: "stdout", text: "a\n" },
      { step: 1, sequence: 2, at: later, stream: "stderr", text: "b\n" },
      { step: 2, sequence: 3, at: AT, stream: "stdout", text: "c\n" },
    ]);
  });

  test("has one order over both streams: as it was handed over, whatever its times say", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    const expected: NewOutput[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            stream: fc.constantFrom("stdout" as const, "stderr"),
            text: fc.string(),
            at: fc.integer({ min: -5, max: 5 }).map((minutes) => new Date(AT.getTime() + minutes * 60_000)),
          }),
          { maxLength: 5 },
        ),
        async (chunks) => {
          await ledger.appendOutput(lease, id, 1, chunks);
          expected.push(...chunks.map((chunk) => ({ ...chunk, text: chunk.text.replaceAll("\0", "␀") })));
        },
      ),
      { numRuns: 30 },
    );
    const chunks = await ledger.getOutput(id);
    expect(chunks.map(({ stream, text, at }) => ({ stream, text, at }))).toEqual(expected);
    expect(chunks.map(({ sequence }) => sequence)).toEqual(expected.map((_, index) => index + 1));
  });

  test("is numbered without a gap when several write at once", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await Promise.all(
      Array.from({ length: 10 }, (_, step) => ledger.appendOutput(lease, id, step, [out(`${step}a`), err(`${step}b`)])),
    );
    const chunks = await ledger.getOutput(id);
    expect(chunks.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    for (let index = 0; index < 20; index += 2)
      expect(texts(chunks.slice(index, index + 2))).toEqual([`${chunks[index]?.step}a`, `${chunks[index]?.step}b`]);
  });

  test("of another deployment is another output", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const one = await begun(ledger, lease);
    const other = await begun(ledger, lease);
    await ledger.appendOutput(lease, one.id, 1, [out("one")]);
    await ledger.appendOutput(lease, other.id, 1, [out("other")]);
    expect(await ledger.getOutput(other.id)).toMatchObject([{ sequence: 1, text: "other" }]);
    expect(await ledger.getOutput("0198a000-0000-7000-8000-000000000000")).toEqual([]);
  });

  test("is read on from a chunk, and no more than asked for, 1000 chunks by itself", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await ledger.appendOutput(
      lease,
      id,
      1,
      Array.from({ length: 1200 }, (_, index) => out(String(index + 1))),
    );
    expect(texts(await ledger.getOutput(id)).at(-1)).toBe("1000");
    expect(texts(await ledger.getOutput(id, { afterSequence: 1000 }))).toHaveLength(200);
    expect(texts(await ledger.getOutput(id, { afterSequence: 17, limit: 2 }))).toEqual(["18", "19"]);
    expect(await ledger.getOutput(id, { afterSequence: 1200 })).toEqual([]);
  });

  test("of nothing writes nothing", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await ledger.appendOutput(lease, id, 1, []);
    expect(await ledger.getOutput(id)).toEqual([]);
  });

  test("stays when the deployment has ended, and none is added", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await ledger.appendOutput(lease, id, 1, [out("kept")]);
    await ledger.endDeployment(lease, id, { status: "failed" });
    await expect(ledger.appendOutput(lease, id, 1, [out("late")])).rejects.toMatchObject({
      kind: "illegal_transition",
    });
    expect(texts(await ledger.getOutput(id))).toEqual(["kept"]);
  });

  test.for([
    ["colours", "\u001b[31mred\u001b[0m\n"],
    ["every script", "ﬁn 日本語 👩‍👩‍👧 עברית\n"],
    ["quotes and placeholders", 'it\'s "50%s" ?1 $1 :x \\ -- /*'],
    ["spaces and carriage returns", "  \r\n\t "],
    ["nothing", ""],
  ] as const)("keeps %s as they are", async ([, text]) => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await ledger.appendOutput(lease, id, 1, [out(text)]);
    expect(texts(await ledger.getOutput(id))).toEqual([text]);
  });

  test("shows what no database can hold as signs for it", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    await ledger.appendOutput(lease, id, 1, [out("a\0b"), out("c\ud83d"), out("\udc00d")]);
    expect(texts(await ledger.getOutput(id))).toEqual(["a␀b", "c�", "�d"]);
  });

  test("may be large: one chunk, and many", async () => {
    const { ledger } = await open();
    const lease = await leaseOf(ledger);
    const { id } = await begun(ledger, lease);
    const chunk = `${"é".repeat(999)}\n`.repeat(IS_FULL ? 5000 : 1000); // MariaDB takes 16 MB at once
    await ledger.appendOutput(lease, id, 1, [out(chunk)]);
    const count = IS_FULL ? 50_000 : 3000; // more than one INSERT can hold
    const many = Array.from({ length: count }, (_, index) => out(`${index}\n`));
    for (let first = 0; first < count; first += 1000)
      await ledger.appendOutput(lease, id, 2, many.slice(first, first + 1000));
    const [first] = await ledger.getOutput(id, { limit: 1 });
    expect(first?.text === chunk).toBe(true);
    const rest = await ledger.getOutput(id, { afterSequence: 1, limit: count });
    expect(texts(rest).join("")).toBe(many.map(({ text }) => text).join(""));
  });
});

describeEachDatabase("a process that dies while it writes output", (open) => {
  test("has lost nothing of what was written, and left no half of a call", { timeout: 60_000 }, async () => {
    const { url, ledger } = await open();
    for (let round = 0; round < (IS_FULL ? 20 : 3); round++) {
      const lease = await leaseOf(ledger, { target: `local:${round}` });
      const { id } = await ledger.createDeployment(newDeployment());
      await ledger.beginDeployment(lease, id);
      const script = join(import.meta.dirname, "print.ts");
      const child = spawn(process.execPath, [script, url, id, JSON.stringify(lease)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let written = 0;
      for await (const line of createInterface(child.stdout)) {
        written = Number(line);
        if (written === 20 + round) child.kill("SIGKILL");
      }
      if (child.signalCode === null && child.exitCode === null) await once(child, "exit");
      expect(child.signalCode).toBe("SIGKILL");
      const chunks = await ledger.getOutput(id);
      expect(chunks.length).toBeGreaterThanOrEqual(3 * written);
      expect(chunks.length % 3).toBe(0);
      expect(texts(chunks)).toEqual(chunks.map((_, index) => `call ${Math.floor(index / 3) + 1}, line ${index % 3}\n`));
    }
  });
});
