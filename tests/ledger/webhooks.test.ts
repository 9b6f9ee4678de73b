import { expect, test } from "vitest";
import type { NewWebhookEvent } from "../../src/ledger/index.ts";
import { contentsOf, describeEachDatabase, newDeployment } from "./support.ts";

const UNKNOWN = "0198a000-0000-7000-8000-000000000000";

const call = (parts: Partial<NewWebhookEvent> = {}): NewWebhookEvent => ({
  provider: "gitea",
  type: "push",
  branch: "main",
  commit: "c0ffee",
  sender: "maria",
  payload: { ref: "refs/heads/main" },
  ...parts,
});

describeEachDatabase("a webhook", (open) => {
  test("is noted with what it said, and is not processed yet", async () => {
    const { ledger, clock } = await open();
    const id = await ledger.recordWebhookEvent(call());
    const { payload: _payload, ...said } = call();
    expect(await ledger.recentWebhooks()).toEqual([
      { id, ...said, receivedAt: new Date(clock.time), processed: false, deploymentId: null },
    ]);
  });

  test.for<[name: string, payload: unknown]>([
    ["an object", { ref: "refs/heads/étl", commits: [{ id: 1, added: [] }], "it's": '"%s" ?' }],
    ["a list", [1, "two", null]],
    ["a text", "payload=%7B%7D"],
    ["a text that looks like a number", "007"],
    ["the empty text", ""],
    ["a number", 17.5],
    ["true", true],
    ["false", false],
    ["nothing", null],
    ["what is not there", undefined],
  ])("keeps its payload: %s", async ([, payload]) => {
    const { ledger, adapter } = await open();
    await ledger.recordWebhookEvent(call({ payload }));
    const [row] = await adapter.executeQuery("SELECT payload FROM tb_webhook_event");
    expect(row?.payload).toEqual(payload ?? null);
  });

  test("can come twice, also in the same moment", async () => {
    const { ledger } = await open();
    const ids = [await ledger.recordWebhookEvent(call()), await ledger.recordWebhookEvent(call())];
    expect((await ledger.recentWebhooks()).map(({ id }) => id)).toEqual(ids.reverse());
  });

  test("need not name a branch, a commit or a sender", async () => {
    const { ledger } = await open();
    await ledger.recordWebhookEvent(call({ type: "ping", branch: null, commit: null, sender: null }));
    expect(await ledger.recentWebhooks()).toMatchObject([{ type: "ping", branch: null, commit: null, sender: null }]);
  });

  test("is processed once it is known which deployment it led to", async () => {
    const { ledger } = await open();
    const [one, other] = [await ledger.recordWebhookEvent(call()), await ledger.recordWebhookEvent(call())];
    const { id } = await ledger.createDeployment(newDeployment());
    expect(await ledger.linkWebhookToDeployment(one, id)).toBe(true);
    expect(await ledger.recentWebhooks()).toMatchObject([
      { id: other, processed: false, deploymentId: null },
      { id: one, processed: true, deploymentId: id },
    ]);
  });

  test("that there is not, or a deployment that there is not, changes nothing", async () => {
    const { ledger, adapter } = await open();
    const webhook = await ledger.recordWebhookEvent(call());
    const { id } = await ledger.createDeployment(newDeployment());
    const before = await contentsOf(adapter);
    expect(await ledger.linkWebhookToDeployment(webhook, UNKNOWN)).toBe(false);
    expect(await ledger.linkWebhookToDeployment(UNKNOWN, id)).toBe(false);
    expect(await contentsOf(adapter)).toEqual(before);
  });

  test("is among the last 20, or as many as asked for, the newest first", async () => {
    const { ledger, clock } = await open();
    for (let index = 0; index < 25; index++) {
      clock.advance(index === 13 ? -60_000 : 1000);
      await ledger.recordWebhookEvent(call({ commit: String(index) }));
    }
    const all = await ledger.recentWebhooks(100);
    expect(all).toHaveLength(25);
    const times = all.map(({ receivedAt }) => receivedAt.getTime());
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(await ledger.recentWebhooks()).toEqual(all.slice(0, 20));
    expect(await ledger.recentWebhooks(3)).toEqual(all.slice(0, 3));
  });
});
