import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { answers } from "./answers.ts";
import { reportTested, requestServer, ServerService } from "./service.ts";
import { sharedServer } from "./shared.ts";

const mariadb = await sharedServer("mariadb");

let service: ServerService;

beforeEach(async () => {
  service = new ServerService();
  await service.open();
  onTestFinished(() => service.close());
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
});

describe("the service", () => {
  test("has nothing to tell until it is asked for a server", () => {
    expect(service.summary()).toBe("none");
  });

  test("starts a server once, whoever asks, and ends it", async () => {
    vi.stubEnv("FRAISIER_TEST_POSTGRES_URL", "");
    const [first, second] = await Promise.all([
      requestServer(service.path, "postgresql"),
      requestServer(service.path, "postgresql"),
    ]);
    expect(second).toEqual(first);
    expect(service.summary()).toBe(`PostgreSQL ${first.version}`);
    const port = Number(new URL(first.url).port);
    expect(await answers(port, "postgresql")).toBe(true);
    await service.close();
    expect(await answers(port, "postgresql")).toBe(false);
  });

  test("hands out the server that the environment names, and leaves it alone", async () => {
    vi.stubEnv("FRAISIER_TEST_MARIADB_URL", mariadb.url);
    expect(await requestServer(service.path, "mariadb")).toEqual(mariadb);
    await service.close();
    expect(await answers(Number(new URL(mariadb.url).port), "mysql")).toBe(true);
  });

  test.each([
    ["another product", mariadb.url, "This is a MariaDB"],
    ["nothing", "mysql://root@127.0.0.1:1/", "ECONNREFUSED"],
  ])("refuses a variable that names %s, and names it", async (_what, url, reason) => {
    vi.stubEnv("FRAISIER_TEST_MYSQL_URL", url);
    const refusal = requestServer(service.path, "mysql");
    await expect(refusal).rejects.toThrow("FRAISIER_TEST_MYSQL_URL: ");
    await expect(refusal).rejects.toThrow(reason);
    expect(service.summary()).toBe("none");
  });

  test("tells of servers that tests have started themselves, too", async () => {
    await reportTested(service.path, { kind: "mysql", version: "8.0.40" });
    await reportTested(service.path, { kind: "mysql", version: "8.0.40" });
    await reportTested(service.path, { kind: "mariadb", version: "11.4.2" });
    expect(service.summary()).toBe("MariaDB 11.4.2, MySQL 8.0.40");
  });
});
