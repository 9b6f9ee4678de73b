/** One run of each command that prints data, on each database; what they print in detail is tested on SQLite. */
import { describe, expect, test } from "vitest";
import { openLedger, shortId } from "../../src/ledger/index.ts";
import { DATABASES } from "../support/databases.ts";
import { inOneProcess } from "./one-process.ts";
import { FRUIT, fraisier, project, rememberIn } from "./support.ts";

describe.each(DATABASES)("on $name", (database) => {
  test("every command that prints data prints what is remembered", async () => {
    const folder = project({ ...FRUIT, fraises: { shop: { ...FRUIT.fraises.shop, type: "etl" } } });
    const env = { FRAISIER_DB_URL: await database.createUrl() };
    const place = { directory: folder, env };
    const [failed, deployed] = await rememberIn(
      place,
      { at: new Date(Date.now() - 60_000), output: ["compiling"], end: { status: "failed", errorMessage: "no flour" } },
      { at: new Date(), newVersion: "v7", subject: "Sell pears" },
    );
    const { ledger, close } = await openLedger({ ...place, mode: "write" });
    const call = { provider: "gitea", type: "push", branch: "main", commit: null, sender: "maria", payload: {} };
    const webhook = await ledger.recordWebhookEvent(call);
    await ledger.linkWebhookToDeployment(webhook, deployed?.id ?? "");
    await close();

    const [failedId, deployedId] = [shortId(failed?.id ?? ""), shortId(deployed?.id ?? "")];
    const expected: readonly (readonly [line: string, text: RegExp])[] = [
      ["status", /^shop +production +healthy +v7 /m],
      ["status shop production", /^history +1 succeeded, 1 failed$/m],
      ["status-all", /^shop +production +healthy +v7 /m],
      ["history", new RegExp(`^${deployedId} +shop +production +deploy +success .*\n${failedId} .* failed `, "m")],
      [`show ${failedId}`, /^reason +no flour$/m],
      [`logs ${failedId}`, /^build │ compiling$/m],
      ["stats", /^shop +production +1 +1 +0 +0 +50 % +2\.5 s$/m],
      ["webhooks", new RegExp(` gitea +push +main +maria +${deployedId}$`, "m")],
      ["doctor", /^✓ schema +up to date: /m],
      ["config show", new RegExp(`^database\\.type +${database.type}$`, "m")],
      ["db status", /^schema +up to date$/m],
      ["db check", /^✓ schema +up to date: /m],
    ];
    const results = await inOneProcess(
      folder,
      expected.map(([line]) => line),
      env,
    );
    for (const [index, [line, text]] of expected.entries())
      expect([line, results[index]]).toEqual([line, { exitCode: 0, stdout: expect.stringMatching(text) }]);
    // On a busy machine its patience may end before the database answers; it then offers nothing.
    const offered = async () => (await fraisier(folder, ["__complete", "show", ""], env)).stdout;
    const both = new RegExp(`^${deployedId}\tshop production .*\n${failedId}\tshop production `);
    await expect.poll(offered, { timeout: 20_000 }).toMatch(both);
  }, 60_000);
});
