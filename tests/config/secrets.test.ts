// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of fraises.yaml
import { describe, expect, test } from "vitest";
import { api, configError, parse, problemsOf, production, twoEnvironments } from "./helpers.ts";

const SECRET = "hunter2-and-more";

describe("what must never be shown", () => {
  const secrets = (text: string, env: Record<string, string> = {}) => parse(text, { env }).secretValues;

  test("values that came in by a variable, not defaults and not what surrounds them", () => {
    const text = api("env: {URL: 'postgres://u:${PASSWORD}@h/${DB:-shop_db}', X: literal}");
    expect(secrets(text, { PASSWORD: SECRET, OTHER: "not used" })).toEqual([SECRET]);
  });

  test("longer ones first, each once", () => {
    const text = api("env: {A: '${A}', B: '${B}', C: '${A}'}");
    expect(secrets(text, { A: "abcd", B: "abcdef" })).toEqual(["abcdef", "abcd"]);
  });

  test("each line of a value of several lines", () => {
    const key = "-----BEGIN KEY-----\n  MIIE1234\n}\n";
    expect(secrets(api("env: {KEY: '${KEY}'}"), { KEY: key })).toEqual([key, "-----BEGIN KEY-----", "MIIE1234"]);
  });

  test("no value of less than 4 characters: masking it would tear up all output", () => {
    expect(secrets(api("env: {A: '${A}', B: '${B}', C: '${C}'}"), { A: "abc", B: "    ", C: "abcd" })).toEqual([
      "abcd",
    ]);
  });

  test("no number where a number is wanted, such as a port; but one that is a password", () => {
    const text = api("service: {start: x, port: '${PORT}'}\nenv: {PIN: '${PIN}', port: '${OTHER}'}");
    expect(secrets(text, { PORT: "18080", PIN: "123456", OTHER: "23456" })).toEqual(["123456", "23456"]);
  });

  test.each([
    [
      "the top",
      (list: string) => `secrets: ${list}\n${twoEnvironments("env: {A: from-fraise}", "env: {A: from-staging}")}`,
    ],
    [
      "the fraise",
      (list: string) => twoEnvironments(`secrets: ${list}\nenv: {A: from-fraise}`, "env: {A: from-staging}"),
    ],
  ])("what secrets: names at %s, wherever it is set", (_place, text) => {
    expect(secrets(text("[A]"), { A: "from-process" })).toEqual(["from-process", "from-staging", "from-fraise"]);
  });

  test("what secrets: names in an environment is that of this environment, the inherited ones included", () => {
    const text = twoEnvironments(
      "env: {A: inherited, B: other-b}",
      "secrets: [A, B]\nenv: {B: own-b}",
      "env: {A: elsewhere}",
    );
    expect(secrets(text)).toEqual(["inherited", "own-b"]);
  });

  test("secrets add up", () => {
    const text = `secrets: [P]\n${twoEnvironments("secrets: [A]\nenv: {A: aaaa, B: bbbb}", "secrets: [B]")}`;
    expect([...secrets(text, { P: "pppp" })].sort()).toEqual(["aaaa", "bbbb", "pppp"]);
  });

  test("a ${VAR} in secrets: is a secret value itself", () => {
    expect(secrets(api("secrets: ['${TOKEN}']"), { TOKEN: SECRET })).toEqual([SECRET]);
  });

  test("nothing that is not known, where unset variables are kept", () => {
    const text = api("env: {A: '${TOKEN}', B: literal}\nsecrets: [A, B]");
    expect(parse(text, { env: {}, unset: "keep" }).secretValues).toEqual(["literal"]);
  });

  test("webhook secrets, and the passwords of repositories", () => {
    const text = `git:\n  github: {webhook_secret: hook-github}\n  gitlab: {secret_token: hook-gitlab}\n${api().replace("/srv/git/shop.git", "https://u:repo-password@host/x")}`;
    expect([...secrets(text)].sort()).toEqual(["hook-github", "hook-gitlab", "repo-password"]);
    expect([...secrets(twoEnvironments("git: {webhook_secret: of-the-fraise}"))]).toEqual(["of-the-fraise"]);
  });

  test("a name in secrets: that only looks like a variable of the prototype is not set", () => {
    expect(problemsOf(api("secrets: [constructor]"))).toMatchObject([
      { message: expect.stringContaining('"constructor"') },
    ]);
  });
});

describe("no problem tells a secret", () => {
  /** Everything that an error could be printed as. */
  const everything = (call: () => unknown): string => {
    const error = configError(call);
    return [error.message, error.hint, error.stack, JSON.stringify(error), JSON.stringify(error.problems)].join("\n");
  };

  test.each([
    "branch: ${S}\nkeep_releases: ${S}",
    "build: ['${S}', 5, {'a': '${S}'}]\nservice: {start: x, port: '${S}'}",
    "git_repo2: '${S}'\ntimeout: '${S}'\nsystemd_service: '${S} x'",
    "health_check: {url: '${S}', expect_status: ['${S}'], retries: 0${S}}",
    "shared: ['${S}', '${S}', '../${S}']\nname: '-${S}\\n'\nport: '${S}'",
    "env: {FRAISIER_DB_PASSWORD: '${S}', A: ['${S}']}\nservice: '${S}'\nenv2: '${S}'",
  ])("that came in by a variable: %s", (settings) => {
    const text = `branch_mapping: {main: {fraise: "\${S}", environment: x}}\n${api(settings)}`;
    const shown = everything(() => parse(text, { env: { S: SECRET } }));
    expect(shown).not.toContain(SECRET);
    expect(shown).toContain("${S}");
  });

  test("a type, and a project's name", () => {
    const text = `name: "\${S} x"\n${api().replace("type: api", "type: ${S}")}`;
    expect(everything(() => parse(text, { env: { S: SECRET } }))).not.toContain(SECRET);
  });

  test("that secrets: names, on a line with a mistake", () => {
    const text = api(
      `env: {TOKEN: ${SECRET}, 1X: a}\nsecrets: [TOKEN]\nkeep_releases: ${SECRET}\nshared: [/${SECRET}]`,
    );
    const error = configError(() => parse(text));
    expect(everything(() => parse(text))).not.toContain(SECRET);
    expect(error.problems[0]).toMatchObject({
      line: 8,
      column: 40,
      sourceLine: `        env: {TOKEN: ${"*".repeat(SECRET.length)}, 1X: a}`,
    });
  });

  test("in the URL of a repository", () => {
    const text = api().replace("/srv/git/shop.git", `http://u:${SECRET}@host/x`);
    const shown = everything(() => parse(text));
    expect(shown).not.toContain(SECRET);
    expect(shown).toContain("http://u:****");
  });
});

test("the model keeps the real values", () => {
  expect(production(api("env: {A: 'x${S}'}"), { env: { S: SECRET } }).env).toEqual({ A: `x${SECRET}` });
});
