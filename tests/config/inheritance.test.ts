import { describe, expect, test } from "vitest";
import { parse, problemsOf, twoEnvironments } from "./helpers.ts";

function environments(defaults: string, staging = "", production = "") {
  const fraise = parse(twoEnvironments(defaults, staging, production)).fraises.get("shop");
  const [first, second] = [fraise?.environments.get("staging"), fraise?.environments.get("production")];
  if (first === undefined || second === undefined) throw new Error("an environment is missing");
  return { staging: first, production: second };
}

describe("what stands in a fraise is the default of its environments", () => {
  test("every setting can be inherited", () => {
    const { staging, production } = environments(`name: shop.example
branch: main
systemd_service: shop.service
script_path: run.sh
database: {name: shop}
jobs: {daily: {schedule: "0 2 * * *"}}
build: npm ci
migrate: [up]
migrate_down: [down]
service: {restart: r}
health_check: {url: "http://h/"}
keep_releases: 2
shared: [storage/]
env: {A: 1}
timeout: 1m`);
    expect(staging).toMatchObject({
      name: "shop.example",
      branch: "main",
      systemdService: "shop.service",
      scriptPath: "run.sh",
      database: { name: "shop" },
      build: ["npm ci"],
      migrate: ["up"],
      migrateDown: ["down"],
      service: { restart: "r" },
      healthCheck: { url: "http://h/" },
      keepReleases: 2,
      shared: ["storage/"],
      env: { A: "1" },
      timeout: 60,
    });
    expect([...staging.jobs.keys()]).toEqual(["daily"]);
    expect({ ...production, key: "staging", appPath: "/srv/staging" }).toEqual(staging);
  });

  test("git_repo and app_path can come from the fraise, and an environment can be empty", () => {
    const project = parse(
      "fraises:\n  a:\n    type: api\n    git_repo: /g\n    app_path: /a\n    environments: {x: }\n",
    );
    expect(project.fraises.get("a")?.environments.get("x")).toMatchObject({ gitRepo: "/g", appPath: "/a" });
  });

  test("lists and scalars of the environment replace the fraise's", () => {
    const { staging, production } = environments(
      "build: [a, b]\nshared: [x]\nbranch: main\nmigrate: up",
      "build: [c]\nshared: []\nbranch: next\nmigrate: []",
    );
    expect(staging).toMatchObject({ build: ["c"], shared: [], branch: "next", migrate: [] });
    expect(production).toMatchObject({ build: ["a", "b"], shared: ["x"], branch: "main", migrate: ["up"] });
  });

  test("health_check, service and env merge key by key", () => {
    const { staging, production } = environments(
      'health_check: {url: "http://h/", retries: 3}\nservice: {start: s, port: 80}\nenv: {A: a, B: b}',
      "health_check: {retries: 4, timeout: 2}\nservice: {port: auto}\nenv: {B: bb, C: c}",
    );
    expect(staging.healthCheck).toMatchObject({ url: "http://h/", retries: 4, timeout: 2 });
    expect(staging.service).toMatchObject({ kind: "process", start: "s", port: "auto" });
    expect(staging.env).toEqual({ A: "a", B: "bb", C: "c" });
    expect(production.healthCheck).toMatchObject({ retries: 3, timeout: 5 });
    expect(production.service).toMatchObject({ port: 80 });
    expect(production.env).toEqual({ A: "a", B: "b" });
  });

  test("an environment that says restart drops the inherited start and what goes with it", () => {
    const { staging, production } = environments(
      "service: {start: s, port: auto, stop_timeout: 3}",
      "service: {restart: r}",
    );
    expect(staging.service).toEqual({ kind: "command", restart: "r", port: null });
    expect(production.service).toEqual({ kind: "process", start: "s", port: "auto", stopTimeout: 3 });
  });

  test("an environment that says start drops the inherited restart, and keeps the port", () => {
    const { staging } = environments("service: {restart: r, port: 80}", "service: {start: s}");
    expect(staging.service).toEqual({ kind: "process", start: "s", port: 80, stopTimeout: 10 });
  });

  test("a systemd unit alone is restarted; a service that says more goes before it", () => {
    const { staging, production } = environments(
      "systemd_service: a.service",
      "service: {start: s}",
      "service: {port: 80}",
    );
    expect(staging.service).toMatchObject({ kind: "process" });
    expect(production.service).toEqual({ kind: "command", restart: ["systemctl", "restart", "a.service"], port: 80 });
  });

  test("the description, and the git provider, are the fraise's own", () => {
    const text = twoEnvironments("description: Sells things\ngit: {provider: gitlab}");
    expect(parse(text).fraises.get("shop")?.description).toBe("Sells things");
    expect(problemsOf(twoEnvironments("", "description: x"))).toMatchObject(
      [{ line: 8, message: /belongs to a fraise/ }].map(() => ({ line: 8 })),
    );
  });
});
