import { expect, test } from "vitest";
import { findDeployment } from "../../src/cli/find-deployment.ts";
import type { FraiserDatabaseAdapter } from "../../src/db/index.ts";
import { shortId } from "../../src/ledger/index.ts";
import { describeEachDatabase, newDeployment, type TestLedger } from "./support.ts";

const IDS = [
  "019bc186-de00-7001-8aaa-1111deadbeef",
  "019bc186-de01-7002-8bbb-2222deadbeef",
  "019bc2aa-0000-7003-8ccc-33330badcafe",
  // Ends as the third one begins.
  "019d0000-0000-7004-8ddd-4444019bc2aa",
] as const;

/** Gives a deployment another id, in all the shapes in which its row has it. */
async function rename(adapter: FraiserDatabaseAdapter, from: string, to: string): Promise<void> {
  const hex = to.replaceAll("-", "");
  const data = { id: to, id_hex: hex, id_hex_reversed: [...hex].reverse().join("") };
  expect(await adapter.update("tb_deployment", from, data)).toBe(true);
}

async function withIds(open: () => Promise<TestLedger>): Promise<TestLedger> {
  const opened = await open();
  for (const id of IDS) await rename(opened.adapter, (await opened.ledger.createDeployment(newDeployment())).id, id);
  return opened;
}

describeEachDatabase("a deployment is found", (open) => {
  test.for<[text: string, found: readonly string[]]>([
    ["0badcafe", [IDS[2]]],
    ["cafe", [IDS[2]]],
    ["019d", [IDS[3]]],
    ["019bc2aa-0000-7", [IDS[2]]],
    ["019bc2aa00007", [IDS[2]]],
    ["33330badcafe", [IDS[2]]],
    ["3333-0bad-cafe", [IDS[2]]],
    ["0BADCAFE", [IDS[2]]],
    [IDS[0], [IDS[0]]],
    [IDS[0].replaceAll("-", ""), [IDS[0]]],
    ["1deadbeef", [IDS[0]]],
    ["deadbeef", [IDS[0], IDS[1]]],
    ["019bc186", [IDS[0], IDS[1]]],
    ["019bc2aa", [IDS[2], IDS[3]]],
    ["7003", []],
    ["0000", []],
    ["deadbee", []],
    ["afe", []],
    ["", []],
    ["----", []],
    ["cafe%", []],
    ["caf_", []],
    ["cafg", []],
    ["' OR 1=1", []],
    [`0${IDS[0].replaceAll("-", "")}`, []],
  ])("by %s: %j", async ([text, found]) => {
    const { ledger } = await withIds(open);
    expect((await ledger.findDeployments(text)).map(({ id }) => id).sort()).toEqual(found);
  });

  test("by its short id, whichever it is", async () => {
    const { ledger } = await open();
    for (let index = 0; index < 50; index++) await ledger.createDeployment(newDeployment());
    for (const { id } of await ledger.listDeployments({ limit: 50 }))
      expect((await ledger.findDeployments(shortId(id))).map((found) => found.id)).toEqual([id]);
  });

  test("with no more than ten in all, however many begin or end so", async () => {
    const { ledger, adapter } = await open();
    let id = "";
    for (let index = 0; index < 15; index++) ({ id } = await ledger.createDeployment(newDeployment()));
    const beginning = id.slice(0, 6);
    const { id: other } = await ledger.createDeployment(newDeployment());
    await rename(adapter, other, `aaaaaaaa-0000-7000-8000-000000${beginning}`);
    expect(await ledger.findDeployments(beginning)).toHaveLength(10);
  });
});

describeEachDatabase("who names a deployment", (open) => {
  test("gets the one that is meant", async () => {
    const { ledger } = await withIds(open);
    expect(await findDeployment(ledger, "0badcafe")).toEqual(await ledger.getDeployment(IDS[2]));
  });

  test("that could be several is told which, by ids that tell them apart", async () => {
    const { ledger } = await withIds(open);
    const error = await findDeployment(ledger, "019bc2aa").catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ message: expect.stringContaining("019bc2aa means several deployments") });
    for (const id of [IDS[2], IDS[3]]) expect((error as Error).message).toContain(shortId(id));
  });

  test("is told whole ids where short ones are the same, and that there may be more", async () => {
    const { ledger, adapter } = await open();
    const ids = Array.from({ length: 12 }, (_, index) => `0198a00${index.toString(16)}-0000-7000-8000-0000deadbeef`);
    for (const id of ids) await rename(adapter, (await ledger.createDeployment(newDeployment())).id, id);
    const error = await findDeployment(ledger, "deadbeef").catch((thrown: Error) => thrown);
    const { message } = error as Error;
    expect(ids.filter((id) => message.includes(id))).toHaveLength(10);
    expect(message).toMatch(/, and perhaps more\.$/);
  });

  test.for(["aaaa", "0198a000-0000-7000-8000-000000000000"])(
    "that there is not is told so, and where ids are found: %s",
    async (text) => {
      const { ledger } = await withIds(open);
      await expect(findDeployment(ledger, text)).rejects.toMatchObject({
        kind: "deployment_not_found",
        message: expect.stringContaining(text),
        hint: expect.stringContaining("fraisier history"),
      });
    },
  );
});
