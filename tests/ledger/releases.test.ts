import { expect, test } from "vitest";
import type { Deployment, FinalStatus, Lease, NewDeployment } from "../../src/ledger/index.ts";
import { begun, describeEachDatabase, ended, identity, leaseOf, newDeployment, TARGET } from "./support.ts";

const place = { identity: identity(), target: TARGET };
const releaseOf = (deployment: Deployment | null) => deployment?.releaseId ?? null;

describeEachDatabase("the release to go back to", (open) => {
  async function deployments(
    ...story: readonly (Partial<NewDeployment> & { release: string; as?: FinalStatus })[]
  ): Promise<{ opened: Awaited<ReturnType<typeof open>>; lease: Lease; made: Deployment[] }> {
    const opened = await open();
    const lease = await leaseOf(opened.ledger);
    const made: Deployment[] = [];
    for (const { as = "success", ...parts } of story) {
      made.push(await ended(opened.ledger, lease, { ...parts, end: { status: as } }));
      opened.clock.advance(1000);
    }
    return { opened, lease, made };
  }

  test("is none where nothing was deployed", async () => {
    const { ledger } = await open();
    expect(await ledger.lastHealthy(place)).toBeNull();
    expect(await ledger.healthyReleases(place)).toEqual([]);
    expect(await ledger.findRelease({ ...place, releaseId: "r1" })).toBeNull();
  });

  test.for(["failed", "cancelled", "abandoned", "rolled_back", "rollback_failed"] as const)(
    "is not one that ended as %s",
    async (as) => {
      const { opened } = await deployments({ release: "r1" }, { release: "r2", as });
      expect(releaseOf(await opened.ledger.lastHealthy(place))).toBe("r1");
      expect((await opened.ledger.healthyReleases(place)).map(releaseOf)).toEqual(["r1"]);
    },
  );

  test("is the newest that served, not the newest of another fraise, environment, project, job or target", async () => {
    const { opened } = await deployments(
      { release: "r1" },
      { release: "r2" },
      { release: "blog", fraise: "blog" },
      { release: "staging", environment: "staging" },
      { release: "bakery", project: "bakery" },
      { release: "nightly", job: "nightly" },
      { release: "elsewhere", target: "local:other" },
      { release: "étl", fraise: "étl" },
    );
    const { ledger } = opened;
    expect(releaseOf(await ledger.lastHealthy(place))).toBe("r2");
    expect(releaseOf(await ledger.lastHealthy({ ...place, target: "local:other" }))).toBe("elsewhere");
    for (const [release, parts] of [
      ["staging", { environment: "staging" }],
      ["bakery", { project: "bakery" }],
      ["nightly", { job: "nightly" }],
    ] as const)
      expect(releaseOf(await ledger.lastHealthy({ ...place, identity: identity(parts) }))).toBe(release);
    expect(await ledger.lastHealthy({ ...place, identity: identity({ fraise: "etl" }) })).toBeNull();
    expect((await ledger.healthyReleases(place)).map(releaseOf)).toEqual(["r2", "r1"]);
  });

  test("is an earlier one where releases are left out, or only those before a deployment count", async () => {
    const { opened, made } = await deployments({ release: "r1" }, { release: "r2" }, { release: "r3" });
    const { ledger } = opened;
    expect(releaseOf(await ledger.lastHealthy({ ...place, excludeReleases: ["r3"] }))).toBe("r2");
    expect(releaseOf(await ledger.lastHealthy({ ...place, excludeReleases: ["r3", "r2"] }))).toBe("r1");
    expect(releaseOf(await ledger.lastHealthy({ ...place, excludeReleases: [] }))).toBe("r3");
    expect(releaseOf(await ledger.lastHealthy({ ...place, before: made[1]?.id ?? "" }))).toBe("r1");
    expect(await ledger.lastHealthy({ ...place, before: made[0]?.id ?? "" })).toBeNull();
  });

  test("is never that of a rollback's own row, nor what a rollback undid", async () => {
    const { opened, lease, made } = await deployments({ release: "r1" }, { release: "r2" });
    const { ledger } = opened;
    await ended(ledger, lease, { kind: "rollback", release: "r1", undoesDeploymentId: made[1]?.id ?? "" });
    expect(await ledger.lastHealthy(place)).toMatchObject({ id: made[0]?.id, releaseId: "r1" });
    expect((await ledger.healthyReleases(place)).map(({ id }) => id)).toEqual([made[1]?.id, made[0]?.id]);
  });

  test("is found by its name, by the deployment that made it and none that went back to it", async () => {
    const { opened, lease, made } = await deployments({ release: "r1" }, { release: "r2", as: "failed" });
    const { ledger } = opened;
    await ended(ledger, lease, { kind: "rollback", release: "r1", undoesDeploymentId: made[1]?.id ?? "" });
    expect((await ledger.findRelease({ ...place, releaseId: "r1" }))?.id).toBe(made[0]?.id);
    expect((await ledger.findRelease({ ...place, releaseId: "r2" }))?.id).toBe(made[1]?.id);
    expect(await ledger.findRelease({ ...place, releaseId: "R1" })).toBeNull();
    expect(await ledger.findRelease({ ...place, target: "local:other", releaseId: "r1" })).toBeNull();
  });

  test("is one of the last hundred", async () => {
    const { opened } = await deployments(...Array.from({ length: 105 }, (_, index) => ({ release: `r${index}` })));
    const releases = (await opened.ledger.healthyReleases(place)).map(releaseOf);
    expect(releases).toEqual(Array.from({ length: 100 }, (_, index) => `r${104 - index}`));
  });
});

describeEachDatabase("what is not finished", (open) => {
  test("is what is pending or in progress at that very place, the oldest first", async () => {
    const { ledger, clock } = await open();
    const lease = await leaseOf(ledger);
    await ended(ledger, lease);
    const running = await begun(ledger, lease);
    await begun(ledger, lease, { environment: "staging" });
    await begun(ledger, lease, { target: "local:other" });
    clock.advance(1000);
    const waiting = await ledger.createDeployment(newDeployment());
    const alsoWaiting = await ledger.createDeployment(newDeployment());
    await ledger.cancelPending((await ledger.createDeployment(newDeployment())).id, "locked");
    const ids = (await ledger.unfinishedDeployments(place)).map(({ id }) => id);
    expect(ids).toEqual([running.id, waiting.id, alsoWaiting.id]);
  });
});
