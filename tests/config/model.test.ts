import { describe, expect, test } from "vitest";
import { api, parse, production } from "./helpers.ts";

test("an environment that says the least gets every default", () => {
  expect(production(api())).toEqual({
    key: "production",
    name: "production",
    branch: null,
    gitRepo: "/srv/git/shop.git",
    appPath: "/srv/shop",
    systemdService: null,
    scriptPath: null,
    database: null,
    jobs: new Map(),
    build: [],
    migrate: [],
    migrateDown: [],
    service: null,
    healthCheck: null,
    keepReleases: 5,
    shared: [],
    env: {},
    timeout: 900,
  });
});

test("a project knows its file, its folder, its name and its fraises", () => {
  const project = parse(`name: étl.shop_1-a\n${api()}`, { file: "/project/sub/../fraises.yaml" });
  expect(project).toMatchObject({ file: "/project/fraises.yaml", directory: "/project", name: "étl.shop_1-a" });
  expect(project.fraises.get("shop")).toMatchObject({ name: "shop", type: "api", description: "" });
  expect(parse(api()).name).toBe("");
});

test("a health check and a service have their defaults", () => {
  const { healthCheck, service } = production(
    api('health_check: {url: "http://h:{port}/x"}\nservice: {start: s, port: auto}'),
  );
  expect(healthCheck).toEqual({
    url: "http://h:{port}/x",
    timeout: 5,
    retries: 10,
    interval: 1,
    expectStatus: [200],
    expectBody: null,
    stableFor: 1,
  });
  expect(service).toEqual({ kind: "process", start: "s", port: "auto", stopTimeout: 10 });
  expect(production(api("service: {start: s}")).service).toMatchObject({ port: null });
});

test("a systemd unit is restarted by systemctl", () => {
  expect(production(api("systemd_service: shop@1.service")).service).toEqual({
    kind: "command",
    restart: ["systemctl", "restart", "shop@1.service"],
    port: null,
  });
});

describe("commands", () => {
  test.each([
    ["build: npm ci", ["npm ci"]],
    ["build: [npm ci, npm run build]", ["npm ci", "npm run build"]],
    ["build: [[npm, ci], make]", [["npm", "ci"], "make"]],
    ["build: [[sleep, 1.50, true, 0x10]]", [["sleep", "1.50", "true", "0x10"]]],
    ["build: []", []],
    ["build: |\n  a\n  b", ["a\nb\n"]],
  ])("%s", (text, expected) => {
    expect(production(api(text)).build).toEqual(expected);
  });

  test("a service's string is a shell line, its list the arguments of one program", () => {
    expect(production(api("service: {start: node a.js}")).service).toMatchObject({ start: "node a.js" });
    expect(production(api("service: {start: [node, a.js, 8]}")).service).toMatchObject({
      start: ["node", "a.js", "8"],
    });
    expect(production(api("service: {restart: [a, b]}")).service).toMatchObject({ restart: ["a", "b"] });
  });
});

describe("durations", () => {
  test.each([
    ["30", 30],
    ["1.5", 1.5],
    ['"30"', 30],
    ["500ms", 0.5],
    ["30s", 30],
    ["1.5 m", 90],
    ["1h", 3600],
  ])("%s is %d seconds", (text, seconds) => {
    expect(production(api(`timeout: ${text}`)).timeout).toBe(seconds);
    expect(production(api(`health_check: {url: "http://h/", stable_for: ${text}}`)).healthCheck?.stableFor).toBe(
      seconds,
    );
  });
});

test("expect_status is one code or several", () => {
  const status = (text: string) =>
    production(api(`health_check: {url: "http://h/", expect_status: ${text}}`)).healthCheck?.expectStatus;
  expect(status("204")).toEqual([204]);
  expect(status("[200, 301]")).toEqual([200, 301]);
});

test("env values are the text that is written", () => {
  const { env } = production(api('env: {A: 1.10, B: yes, C: true, D: "", E: 0x1F, F: 12345678901234567890, G: .inf1}'));
  expect(env).toEqual({ A: "1.10", B: "yes", C: "true", D: "", E: "0x1F", F: "12345678901234567890", G: ".inf1" });
});

describe("paths", () => {
  const at = (gitRepo: string, appPath: string) => {
    const { gitRepo: git, appPath: app } = production(
      api().replace("/srv/git/shop.git", gitRepo).replace("/srv/shop", appPath),
    );
    return [git, app];
  };

  test.each([
    ["../git/shop.git", "releases", ["/git/shop.git", "/project/releases"]],
    ["~/shop.git", "~/shop/", ["/home/ann/shop.git", "/home/ann/shop"]],
    [".", "'~'", ["/project", "/home/ann"]],
    ["https://host/x.git", "/a/../b", ["https://host/x.git", "/b"]],
    ["ssh://git@host:22/x", "/b", ["ssh://git@host:22/x", "/b"]],
    ["file:///srv/x", "/b", ["file:///srv/x", "/b"]],
    ["git@host:x/y.git", "/b", ["git@host:x/y.git", "/b"]],
    ["host:x", "/b", ["host:x", "/b"]],
    ["./a:b", "/b", ["/project/a:b", "/b"]],
  ])("%s and %s", (gitRepo, appPath, expected) => {
    expect(at(gitRepo, appPath)).toEqual(expected);
  });

  test("shared paths are kept as they are written", () => {
    expect(production(api("shared: [storage/, .env, a/b]")).shared).toEqual(["storage/", ".env", "a/b"]);
  });
});

test("an ETL fraise may work in the folder of an API", () => {
  const project = parse(`${api()}  etl:
    type: etl
    environments:
      production: {app_path: /srv/shop, script_path: scripts/run}
`);
  expect(project.fraises.get("etl")?.environments.get("production")).toMatchObject({
    appPath: "/srv/shop",
    scriptPath: "scripts/run",
  });
});

test("x- keys are extensions everywhere", () => {
  const project = parse(
    `x-a: {}\n${api("x-b: 1\nservice: {start: s, x-c: 2}\nenv: {A: 1, x-d: 3}\ndatabase: {x-e: 4, f: 5}")}  x-g: {nonsense: 1}\n`,
  );
  expect([...project.fraises.keys()]).toEqual(["shop"]);
  expect(project.fraises.get("shop")?.environments.get("production")).toMatchObject({
    env: { A: "1" },
    database: { f: 5 },
  });
});

test("keys of the earlier Fraisier are understood", () => {
  const project = parse(
    `git:
  provider: github
  github: {base_url: "https://github.com", webhook_secret: "\${HOOK}"}
fraises:
  my_api:
    type: api
    description: My API
    git: {provider: gitlab}
    environments:
      development:
        name: api.myapp.dev
        branch: dev
        git_repo: /var/git/api.myapp.dev.git
        app_path: /var/www/api.myapp.dev
        systemd_service: api.myapp.dev.service
        database: {name: myapp_development, strategy: rebuild}
        health_check: {url: "https://api.myapp.dev/health", timeout: 30}
  etl:
    type: etl
    environments:
      production:
        script_path: scripts/etl/run_etl
        notifications: {on_success: scripts/ok}
  statistics:
    type: scheduled
    environments:
      production:
        jobs:
          daily_stats: {name: myapp-daily, schedule: "0 2 * * *", systemd_timer: x.timer}
          weekly:
environments:
  development: {server: dev.myserver.com, notifications: {enabled: false}}
branch_mapping:
  dev: {fraise: my_api, environment: development}
`,
    { env: { HOOK: "s3cret-hook" } },
  );
  expect(project.fraises.get("my_api")?.environments.get("development")).toMatchObject({
    name: "api.myapp.dev",
    branch: "dev",
    service: { restart: ["systemctl", "restart", "api.myapp.dev.service"] },
    database: { name: "myapp_development", strategy: "rebuild" },
    healthCheck: { timeout: 30, retries: 10 },
  });
  const jobs = project.fraises.get("statistics")?.environments.get("production")?.jobs;
  expect([...(jobs?.values() ?? [])]).toEqual([
    { name: "daily_stats", settings: { name: "myapp-daily", schedule: "0 2 * * *", systemd_timer: "x.timer" } },
    { name: "weekly", settings: {} },
  ]);
  expect(project.secretValues).toEqual(["s3cret-hook"]);
});
