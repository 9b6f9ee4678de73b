import { expect, test } from "vitest";
import { openLedger, shortId } from "../../src/ledger/index.ts";
import { document, emptyFolder, everythingIn, FRUIT, fraisier, project, remember } from "./support.ts";

test("webhooks: newest first, with the deployment that each led to", async () => {
  const folder = project(FRUIT);
  const [deployment] = await remember(folder, {});
  const { ledger, close } = await openLedger({ directory: folder, env: {}, mode: "write" });
  const call = { provider: "gitea", type: "push", branch: "main", commit: "0123456789abcdef", sender: "maria" };
  const first = await ledger.recordWebhookEvent({ ...call, payload: { token: "s3cret" } });
  const second = await ledger.recordWebhookEvent({ ...call, type: "ping", branch: null, commit: null, payload: {} });
  await ledger.linkWebhookToDeployment(first, deployment?.id ?? "");
  await close();

  const { webhooks } = await document<{ webhooks: object[] }>(folder, "webhooks");
  expect(webhooks).toMatchObject([
    { id: second, shortId: shortId(second), type: "ping", branch: null, deploymentId: null },
    { id: first, provider: "gitea", sender: "maria", processed: true, deploymentId: deployment?.id },
  ]);
  expect(JSON.stringify(webhooks)).not.toContain("s3cret");
  const { stdout } = await fraisier(folder, ["webhooks", "-n", "1"]);
  expect(stdout.trimEnd().split("\n").slice(1)).toEqual([
    expect.stringMatching(/^[0-9a-f]{8} .* gitea +ping +maria +none$/),
  ]);
  const all = await fraisier(folder, ["webhooks"]);
  expect(all.stdout).toMatch(new RegExp(` push +main +0123456789 +maria +${shortId(deployment?.id ?? "")}$`, "m"));
});

test("webhooks: none yet, and nothing made", async () => {
  const folder = emptyFolder();
  expect(await fraisier(folder, ["webhooks"])).toMatchObject({
    exitCode: 0,
    stdout: "",
    stderr: "No webhook was received yet.\n",
  });
  expect(everythingIn(folder)).toEqual([]);
  expect((await fraisier(folder, ["webhooks", "-n", "0"])).exitCode).toBe(2);
});
