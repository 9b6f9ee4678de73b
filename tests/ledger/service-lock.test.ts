import { expect, test } from "vitest";
import { createAdapterFromUrl } from "../../src/db/index.ts";
import { Ledger } from "../../src/ledger/index.ts";
import { describeEachDatabase } from "./support.ts";

const MINUTE = 60_000;

describeEachDatabase("a lock of the older API", (open) => {
  test("that is free is had, with its owner and its end", async () => {
    const { ledger, clock } = await open();
    expect(await ledger.readServiceLock("shop", "local")).toBeNull();
    expect(await ledger.acquireServiceLock("shop", "local", "maria", MINUTE)).toBe(true);
    expect(await ledger.readServiceLock("shop", "local")).toEqual({
      service: "shop",
      provider: "local",
      owner: "maria",
      lockedAt: new Date(clock.time),
      expiresAt: new Date(clock.time + MINUTE),
    });
  });

  test.for(["ben", "maria"])("that is held is not had, by %s: the lock of maria stays as it is", async (owner) => {
    const { ledger, clock } = await open();
    await ledger.acquireServiceLock("shop", "local", "maria", MINUTE);
    const held = await ledger.readServiceLock("shop", "local");
    clock.advance(MINUTE - 1);
    expect(await ledger.acquireServiceLock("shop", "local", owner, MINUTE)).toBe(false);
    expect(await ledger.readServiceLock("shop", "local")).toEqual(held);
  });

  test("ends by itself, to the millisecond, and then is had by another", async () => {
    const { ledger, clock } = await open();
    await ledger.acquireServiceLock("shop", "local", "maria", MINUTE);
    clock.advance(MINUTE - 1);
    expect(await ledger.readServiceLock("shop", "local")).not.toBeNull();
    clock.advance(1);
    expect(await ledger.readServiceLock("shop", "local")).toBeNull();
    expect(await ledger.acquireServiceLock("shop", "local", "ben", MINUTE)).toBe(true);
    expect(await ledger.readServiceLock("shop", "local")).toMatchObject({
      owner: "ben",
      lockedAt: new Date(clock.time),
      expiresAt: new Date(clock.time + MINUTE),
    });
  });

  test("is freed by its owner alone", async () => {
    const { ledger } = await open();
    await ledger.acquireServiceLock("shop", "local", "maria", MINUTE);
    expect(await ledger.releaseServiceLock("shop", "local", "ben")).toBe(false);
    expect(await ledger.releaseServiceLock("shop", "local", "Maria")).toBe(false);
    expect(await ledger.readServiceLock("shop", "local")).toMatchObject({ owner: "maria" });
    expect(await ledger.releaseServiceLock("shop", "local", "maria")).toBe(true);
    expect(await ledger.readServiceLock("shop", "local")).toBeNull();
    expect(await ledger.releaseServiceLock("shop", "local", "maria")).toBe(false);
    expect(await ledger.acquireServiceLock("shop", "local", "ben", MINUTE)).toBe(true);
  });

  test("is not freed by one who had it and came too late", async () => {
    const { ledger, clock } = await open();
    await ledger.acquireServiceLock("shop", "local", "maria", MINUTE);
    clock.advance(MINUTE);
    await ledger.acquireServiceLock("shop", "local", "ben", MINUTE);
    expect(await ledger.releaseServiceLock("shop", "local", "maria")).toBe(false);
    expect(await ledger.readServiceLock("shop", "local")).toMatchObject({ owner: "ben" });
  });

  test("of another service or provider is another lock", async () => {
    const { ledger } = await open();
    for (const [service, provider] of [
      ["shop", "local"],
      ["shop", "remote"],
      ["Shop", "local"],
      ["étl", "local"],
      ["etl", "local"],
    ] as const) {
      expect(await ledger.acquireServiceLock(service, provider, "maria", MINUTE)).toBe(true);
      expect(await ledger.readServiceLock(service, provider)).toMatchObject({ service, provider });
    }
    await ledger.releaseServiceLock("shop", "local", "maria");
    expect(await ledger.readServiceLock("shop", "local")).toBeNull();
    expect(await ledger.readServiceLock("shop", "remote")).not.toBeNull();
  });

  test.for([false, true])("is had by one of many who want it at once; it had expired: %s", async (hadExpired) => {
    const { url, ledger, clock } = await open();
    if (hadExpired) {
      await ledger.acquireServiceLock("shop", "local", "maria", MINUTE);
      clock.advance(MINUTE);
    }
    const adapters = await Promise.all(Array.from({ length: 4 }, () => createAdapterFromUrl(url)));
    const had = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const adapter = adapters[index % 4] ?? ledger.adapter;
        return new Ledger(adapter, { clock }).acquireServiceLock("shop", "local", `owner${index}`, MINUTE);
      }),
    );
    await Promise.all(adapters.map((adapter) => adapter.close()));
    expect(had.filter(Boolean)).toHaveLength(1);
    expect(await ledger.readServiceLock("shop", "local")).toMatchObject({ owner: `owner${had.indexOf(true)}` });
  });

  test("has nothing to do with the leases of deployments", async () => {
    const { ledger, adapter } = await open();
    await ledger.acquireServiceLock("shop", "local", "maria", MINUTE);
    expect(await adapter.executeQuery("SELECT target FROM tb_deployment_lease")).toEqual([]);
  });
});
