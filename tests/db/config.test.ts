import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { DEFAULT_DATABASE_URL, loadDatabaseConfig } from "../../src/db/index.ts";

const env = { FRAISIER_DB_URL: "mysql://env@host/shop" };

describe("the database that is used", () => {
  test("is that of the options before that of the environment", () => {
    const options = { url: "postgresql://options@host/shop" };
    expect(loadDatabaseConfig({ options, env })).toMatchObject({ type: "postgresql", url: options.url });
    expect(loadDatabaseConfig({ options: {}, env })).toMatchObject({ type: "mysql", url: env.FRAISIER_DB_URL });
  });

  test("is that of the environment that was given, whatever that of the process is", () => {
    process.env.FRAISIER_DB_URL = env.FRAISIER_DB_URL;
    onTestFinished(() => {
      delete process.env.FRAISIER_DB_URL;
    });
    expect(loadDatabaseConfig({})).toMatchObject({ type: "sqlite" });
  });

  test.each([{}, { FRAISIER_DB_URL: "" }, { FRAISIER_DB_URL: undefined }])(
    "is a file beside fraises.yaml when nothing says otherwise: %j",
    (empty) => {
      expect(loadDatabaseConfig({ env: empty, directory: "/srv/shop", workingDirectory: "/home/ada" })).toEqual({
        type: "sqlite",
        url: "sqlite://./fraisier.db",
        baseDirectory: "/srv/shop",
      });
    },
  );

  test("is a file in the working folder when there is no fraises.yaml", () => {
    expect(loadDatabaseConfig({ workingDirectory: "/home/ada" }).baseDirectory).toBe("/home/ada");
    expect(loadDatabaseConfig({})).toEqual({ type: "sqlite", url: DEFAULT_DATABASE_URL, baseDirectory: process.cwd() });
  });

  test("is relative to the working folder when options or environment name it", () => {
    const places = { directory: "/srv/shop", workingDirectory: "/home/ada" };
    const relative = { url: "sqlite://./a.db" };
    expect(loadDatabaseConfig({ options: relative, ...places }).baseDirectory).toBe("/home/ada");
    expect(loadDatabaseConfig({ env: { FRAISIER_DB_URL: relative.url }, ...places }).baseDirectory).toBe("/home/ada");
  });

  test("is refused when no such database is known; an empty option is no way to say nothing", () => {
    const refused = expect.objectContaining({ kind: "unsupported" });
    expect(() => loadDatabaseConfig({ options: { url: "oracle://u:s3cret@h/d" }, env })).toThrow(refused);
    expect(() => loadDatabaseConfig({ options: { url: "oracle://u:s3cret@h/d" } })).not.toThrow("s3cret");
    expect(() => loadDatabaseConfig({ options: { url: "" }, env })).toThrow(refused);
  });

  test("is only chosen: nothing is opened or made", () => {
    const folder = mkdtempSync(join(tmpdir(), "fraisier-config-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    loadDatabaseConfig({ directory: folder });
    loadDatabaseConfig({ options: { url: `sqlite://${folder}/sub/a.db` } });
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(join(process.cwd(), "fraisier.db"))).toBe(false);
  });
});
