import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createAdapterFromUrl,
  DatabaseError,
  DatabaseType,
  databaseTypeOfUrl,
  MysqlAdapter,
  maskUrl,
  PostgresAdapter,
  SqliteAdapter,
} from "../../src/db/index.ts";

describe("the scheme of a URL", () => {
  test.each([
    ["sqlite://./fraisier.db", DatabaseType.SQLITE],
    ["sqlite::memory:", DatabaseType.SQLITE],
    ["postgresql://u@h/d", DatabaseType.POSTGRESQL],
    ["postgres:///d?host=/run", DatabaseType.POSTGRESQL],
    ["mysql://u@h/d", DatabaseType.MYSQL],
    ["mariadb://u@h/d", DatabaseType.MYSQL],
    ["MySQL://u@h/d", DatabaseType.MYSQL],
  ])("tells the database: %s is %s", (url, type) => {
    expect(databaseTypeOfUrl(url)).toBe(type);
  });

  test.each(["", "fraisier.db", "./fraisier.db", "C:\\fraisier.db", "oracle://u@h/d", "constructor://h", "sqlite"])(
    "is refused when no database has it: %j",
    async (url) => {
      const error = {
        kind: "unsupported",
        message: `${url} is not the URL of a database that Fraisier knows.`,
        hint: "Write sqlite://./fraisier.db, postgresql://user@host/database or mysql://user@host/database.",
      };
      expect(() => databaseTypeOfUrl(url)).toThrow(expect.objectContaining(error));
      await expect(createAdapterFromUrl(url)).rejects.toMatchObject(error);
    },
  );
});

describe("an adapter made from a URL", () => {
  test.each([
    ["sqlite::memory:", SqliteAdapter, "sqlite"],
    ["postgresql://nobody@127.0.0.1:1/none", PostgresAdapter, "postgresql"],
    ["mysql://nobody@127.0.0.1:1/none", MysqlAdapter, "mysql"],
  ] as const)("is that of its database, and has no connection yet: %s", async (url, type, name) => {
    await using adapter = await createAdapterFromUrl(url);
    expect(adapter).toBeInstanceOf(type);
    expect(adapter.databaseType()).toBe(name);
    expect(adapter.dialect.type).toBe(name);
    expect(adapter.isConnected).toBe(false);
    expect(adapter.poolMetrics()).toMatchObject({ totalConnections: 0, openedTotal: 0 });
  });

  test("has the options that it was given", async () => {
    await using adapter = await createAdapterFromUrl("postgresql://nobody@127.0.0.1:1/none", { pool: { max: 3 } });
    expect(adapter.poolMetrics().maxConnections).toBe(3);
  });

  test.each(["sqlite://%zz", "postgresql://u:s3cret@h/d?colour=red", "mysql://u:s3cret@h:x/d"])(
    "is refused when the URL cannot be read, and the password is not printed: %s",
    async (url) => {
      const error = await createAdapterFromUrl(url).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DatabaseError);
      expect(error).toMatchObject({ kind: "unsupported" });
      expect(String(error)).not.toContain("s3cret");
    },
  );
});

describe("a URL that is shown", () => {
  test.each([
    ["postgresql://ada:s3cret@host:5432/shop", "postgresql://ada:***@host:5432/shop"],
    ["postgresql://ada@host/shop", "postgresql://ada@host/shop"],
    ["mysql://:s3cret@host/shop", "mysql://:***@host/shop"],
    ["mysql://ada:s3/cr?e#t:@host/shop", "mysql://ada:***@host/shop"],
    ["mysql://ada:p@s3cret@host/shop", "mysql://ada:***@host/shop"],
    ["postgresql:///shop?password=s3cret&host=/run", "postgresql:///shop?password=***&host=/run"],
    ["postgresql://h/shop?api_TOKEN=s3cret", "postgresql://h/shop?api_TOKEN=***"],
    ["mysql://h/shop?sslmode=require&passwd=s3cret", "mysql://h/shop?sslmode=require&passwd=***"],
    ["mysql://h/shop?pwd=s3=cret&host=/run", "mysql://h/shop?pwd=***&host=/run"],
    ["mysql://h/shop?p%61ssword=s3cret#a", "mysql://h/shop?p%61ssword=***#a"],
    ["mysql://h/shop?host=h;pwd=s3cret", "mysql://h/shop?host=***"],
    ["sqlite:///srv/a.db?mode=ro?key=s3cret", "sqlite:///srv/a.db?mode=ro?key=***"],
    ["sqlite:///srv/a.db?key=s3cret&mode=ro", "sqlite:///srv/a.db?key=***&mode=ro"],
    ["sqlite://./a+b&c=d.db?synchronous=normal", "sqlite://./a+b&c=d.db?synchronous=normal"],
    ["sqlite:///srv/a@b.db?mode=ro", "sqlite:///srv/a@b.db?mode=ro"],
    ["sqlite:./a:b@c.db", "sqlite:./a:b@c.db"],
    ["sqlite::memory:", "sqlite::memory:"],
    // What people mistype has a password, too.
    ["postgresql:/ada:s3cret@host/shop", "postgresql:/ada:***@host/shop"],
    ["postgresql:ada:s3cret@host/shop", "postgresql:***@host/shop"],
    ["ada:s3cret@host/shop", "ada:***@host/shop"],
    ["//ada:s3cret@host/shop", "//ada:***@host/shop"],
  ])("has no password: %s", (url, shown) => {
    expect(maskUrl(url)).toBe(shown);
  });

  test("has none whatever the password is", () => {
    const scheme = fc.constantFrom("postgresql://", "MYSQL://", "oracle://", "mysql:/", "");
    fc.assert(
      fc.property(scheme, fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }), (begin, before, after) => {
        fc.pre(begin !== "" || !before.startsWith("//")); // ada:// would be a scheme
        const url = `${begin}ada:${before}s3cret${after}@host/shop`;
        expect(maskUrl(url)).not.toContain("s3cret");
      }),
    );
  });
});
