// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are texts of fraises.yaml
import { describe, expect, test } from "vitest";
import { api, placeOf, problemsOf, twoEnvironments, unmark } from "./helpers.ts";

interface Mistake {
  readonly title: string;
  /** A file with one mistake in it; what must be underlined stands between « and ». */
  readonly yaml: string;
  /** What the message must say. */
  readonly says: string | readonly string[];
  /** What it must suggest. Default: nothing. */
  readonly suggests?: string;
}

const KEYS: readonly Mistake[] = [
  {
    title: "a misspelt key of an environment",
    yaml: api("«helth_check»:\n  url: http://localhost/"),
    says: 'unknown key "helth_check" in environment "shop/production"',
    suggests: "health_check",
  },
  { title: "camel case", yaml: api("«keepReleases»: 3"), says: '"keepReleases"', suggests: "keep_releases" },
  {
    title: "a misspelt key that is required is not called missing as well",
    yaml: "fraises:\n  shop:\n    type: api\n    environments:\n      production:\n        «gitrepo»: /srv/git\n        app_path: /srv/shop\n",
    says: '"gitrepo"',
    suggests: "git_repo",
  },
  {
    title: "a misspelt key at the top",
    yaml: `«branch_maping»: {}\n${api()}`,
    says: "in the file",
    suggests: "branch_mapping",
  },
  {
    title: "a misspelt fraises:",
    yaml: "«fraise»:\n  shop:\n    type: api\n    environments: {production: {git_repo: /a, app_path: /b}}\n",
    says: 'unknown key "fraise"',
    suggests: "fraises",
  },
  {
    title: "a misspelt key of a fraise",
    yaml: twoEnvironments("«desciption»: x"),
    says: 'in fraise "shop"',
    suggests: "description",
  },
  {
    title: "a misspelt key of service",
    yaml: api("service:\n  «strat»: npm start"),
    says: ['unknown key "strat"', 'in "service"'],
    suggests: "start",
  },
  {
    title: "a misspelt key of health_check",
    yaml: api("health_check:\n  url: http://localhost/\n  «expect-status»: 200"),
    says: '"expect-status"',
    suggests: "expect_status",
  },
  { title: "part of a key", yaml: api("«systemd»: shop.service"), says: '"systemd"', suggests: "systemd_service" },
  { title: "a misspelt key beside the right one", yaml: api("build: x\n«biuld»: y"), says: 'unknown key "biuld"' },
  { title: "a key that nothing is like", yaml: api("«colour»: red"), says: 'unknown key "colour"' },
  {
    title: "a key of service one level too high",
    yaml: api("«port»: 8080"),
    says: ['"port"', 'it belongs under "service"'],
    suggests: "service.port",
  },
  {
    title: "a setting at the top",
    yaml: `«build»: npm ci\n${api()}`,
    says: ['"build"', "belongs to a fraise or an environment"],
  },
  { title: "a key of the fraise in an environment", yaml: api("«type»: api"), says: ['"type"', "belongs to a fraise"] },
  {
    title: "a key of the file in a fraise",
    yaml: twoEnvironments("«branch_mapping»: {}"),
    says: "belongs to the top of the file",
  },
  {
    title: "a fraise without type",
    yaml: "fraises:\n  «shop»:\n    environments:\n      production: {}\n",
    says: 'fraise "shop" needs the key "type"',
  },
  {
    title: "a fraise without environments",
    yaml: "fraises:\n  «shop»:\n    type: etl\n",
    says: 'needs the key "environments"',
  },
  { title: "no fraises", yaml: "«n»ame: shop\n", says: 'the file needs the key "fraises"' },
  { title: "empty fraises", yaml: "«fraises»: {}\n", says: '"fraises" must declare at least one' },
  {
    title: "empty environments",
    yaml: "fraises:\n  shop:\n    type: etl\n    «environments»: {}\n",
    says: '"environments" must declare',
  },
  {
    title: "an api without git_repo and app_path",
    yaml: "fraises:\n  shop:\n    type: api\n    environments:\n      «production»:\n        branch: main\n",
    says: 'environment "shop/production" needs "git_repo" and "app_path"',
  },
  {
    title: "an api without app_path",
    yaml: "fraises:\n  shop:\n    type: api\n    environments:\n      «production»: {git_repo: /srv/git}\n",
    says: 'needs "app_path", as',
  },
  { title: "a key without a value", yaml: api("«build»:"), says: '"build" has no value' },
  { title: "an explicit null", yaml: api("keep_releases: «~»"), says: '"keep_releases" has no value' },
];

const VALUES: readonly Mistake[] = [
  {
    title: "a wrong type of fraise",
    yaml: "fraises:\n  a:\n    type: «apii»\n    environments: {b: }\n",
    says: 'one of api, etl, scheduled, backup, not "apii"',
    suggests: "api",
  },
  {
    title: "a number where text is wanted",
    yaml: api("branch: «1.10»"),
    says: ['"branch" must be text, not 1.10', "put it in quotes"],
  },
  { title: "a block where a line is wanted", yaml: api("«branch»: |\n  a\n  b"), says: '"branch" must be on one line' },
  { title: "a map where text is wanted", yaml: api("«branch»:\n  a: 1"), says: '"branch" must be text, not a map' },
  {
    title: "text where a map is wanted",
    yaml: api("service: «npm start»"),
    says: '"service" must be a map, not "npm start"',
  },
  { title: "a list where a map is wanted", yaml: api("«env»:\n  - A=1"), says: '"env" must be a map, not a list' },
  { title: "a quoted number", yaml: api('keep_releases: «"5"»'), says: ["from 1 to 1000", "leave out the quotes"] },
  { title: "keep_releases of 0", yaml: api("keep_releases: «0»"), says: "from 1 to 1000, not 0" },
  { title: "half a release", yaml: api("keep_releases: «1.5»"), says: "a whole number from 1 to 1000, not 1.5" },
  { title: "a port out of range", yaml: api("service: {start: x, port: «70000»}"), says: ['"port"', "1 to 65535"] },
  {
    title: "a misspelt auto",
    yaml: api("service: {start: x, port: «atuo»}"),
    says: '"port" must be a port from 1 to 65535, or "auto", not "atuo"',
  },
  {
    title: "a duration with a wrong unit",
    yaml: api("timeout: «10 days»"),
    says: ['"timeout"', '"5m"', 'not "10 days"'],
  },
  { title: "no time at all", yaml: api("timeout: «0»"), says: ['"timeout"', "not 0"] },
  {
    title: "a negative duration",
    yaml: api("health_check: {url: 'http://h/', timeout: «-1»}"),
    says: ['"timeout"', "0.001 to 3600"],
  },
  {
    title: "no retries",
    yaml: api("health_check: {url: 'http://h/', retries: «0»}"),
    says: '"retries" must be a whole number from 1',
  },
  {
    title: "a status that is none",
    yaml: api("health_check: {url: 'http://h/', expect_status: «99»}"),
    says: '"expect_status" must be a whole number from 100 to 599',
  },
  {
    title: "a status in a list",
    yaml: api("health_check: {url: 'http://h/', expect_status: [200, «ok»]}"),
    says: 'item 2 of "expect_status"',
  },
  {
    title: "a health URL without scheme",
    yaml: api("health_check: {url: «localhost/health»}"),
    says: '"url" must be a complete http or https URL',
  },
  { title: "a health URL of another scheme", yaml: api("health_check: {url: «ftp://h/»}"), says: "http or https URL" },
  { title: "a placeholder that is none", yaml: api("health_check: {url: «'http://h:{prot}/'»}"), says: '"{prot}"' },
  { title: "a command that is a map", yaml: api("build:\n  - «run: x»"), says: 'item 1 of "build" must be a command' },
  {
    title: "a command that is a number",
    yaml: api("build: [npm ci, «7»]"),
    says: 'item 2 of "build" must be a command',
  },
  {
    title: "an empty list of arguments",
    yaml: api("build: [«[]»]"),
    says: 'item 1 of "build" must not be an empty list',
  },
  { title: "an empty command", yaml: api("migrate: «''»"), says: '"migrate" must not be empty' },
  {
    title: "an argument without value",
    yaml: api("service: {start: [node, «~»]}"),
    says: 'item 2 of "start" has no value',
  },
  { title: "NUL in a command", yaml: api('build: «"a\\0b"»'), says: '"build" must not contain a NUL' },
  {
    title: "an option in place of a repository",
    yaml: api().replace("/srv/git/shop.git", "«--upload-pack=x»"),
    says: ['"git_repo"', "option"],
  },
  {
    title: "a transport helper",
    yaml: api().replace("/srv/git/shop.git", '«"ext::sh -c x"»'),
    says: ['"git_repo"', "transport helper"],
  },
  {
    title: "plain http",
    yaml: api().replace("/srv/git/shop.git", "«http://host/x.git»"),
    says: ['"git_repo"', "plain http"],
  },
  {
    title: "an unknown protocol",
    yaml: api().replace("/srv/git/shop.git", "«ftp://host/x.git»"),
    says: '"git_repo" must be an https, ssh, git or file URL',
  },
  {
    title: "a host that is an option, without URL",
    yaml: api().replace("/srv/git/shop.git", "«git@-oProxyCommand=x:y»"),
    says: 'begins with "-"',
  },
  {
    title: "a host that is an option",
    yaml: api().replace("/srv/git/shop.git", "«ssh://-oProxyCommand=x/y»"),
    says: 'begins with "-"',
  },
  { title: "a branch that is an option", yaml: api("branch: «--force»"), says: ['"branch"', "option"] },
  { title: "a branch that git refuses", yaml: api("branch: «a..b»"), says: '"branch" must be a name that git allows' },
  {
    title: "a unit that is none",
    yaml: api("systemd_service: «../x»"),
    says: '"systemd_service" must be the name of a unit',
  },
  {
    title: "the root as app_path",
    yaml: api().replace("/srv/shop", "«/srv/..»"),
    says: '"app_path" must not be the root',
  },
  { title: "another's home", yaml: api().replace("/srv/shop", "«~bob/shop»"), says: ['"app_path"', '"~/"'] },
  {
    title: "a shared path that climbs",
    yaml: api("shared: [«../x»]"),
    says: 'item 1 of "shared" must not contain ".."',
  },
  { title: "an absolute shared path", yaml: api("shared: [«/x»]"), says: 'item 1 of "shared" must be relative' },
  {
    title: "the repository shared",
    yaml: api("shared: [a, «.git/hooks»]"),
    says: 'item 2 of "shared" must not be ".git"',
  },
  {
    title: "the release shared",
    yaml: api("shared: [«./»]"),
    says: 'item 1 of "shared" must not be the release itself',
  },
  { title: "a variable with a map", yaml: api("env:\n  «A»: {b: 1}"), says: '"A" must be text, a number' },
];

const TOGETHER: readonly Mistake[] = [
  { title: "start and restart", yaml: api("service:\n  start: a\n  «restart»: b"), says: ['"start"', '"restart"'] },
  { title: "neither start nor restart", yaml: api("«service»:\n  port: 80"), says: '"service" needs "start"' },
  { title: "auto with restart", yaml: api("service: {restart: b, port: «auto»}"), says: '"port" can\'t be "auto"' },
  {
    title: "auto with a systemd unit",
    yaml: api("systemd_service: a.service\nservice: {port: «auto»}"),
    says: '"port" can\'t be "auto"',
  },
  {
    title: "stop_timeout with restart",
    yaml: api("service: {restart: b, «stop_timeout»: 3}"),
    says: '"stop_timeout" goes with "start" only',
  },
  {
    title: "{port} without a port",
    yaml: api("health_check: {url: «'http://h:{port}/'»}"),
    says: '"service" has no "port"',
  },
  {
    title: "a health check without url",
    yaml: api("«health_check»:\n  timeout: 3"),
    says: '"health_check" needs the key "url"',
  },
  { title: "migrate_down alone", yaml: api("«migrate_down»: x"), says: '"migrate_down" needs "migrate"' },
  { title: "shared twice", yaml: api("shared: [a/b, «./a//b/»]"), says: '"./a//b/" is shared twice' },
  { title: "shared inside shared", yaml: api("shared: [a/, b, «a/c»]"), says: '"a/c" lies inside "a/"' },
  { title: "shared around shared", yaml: api("shared: [a/c, «a»]"), says: '"a/c" lies inside "a"' },
  {
    title: "one app_path for two",
    yaml: twoEnvironments("build: x").replace("/srv/production", "«/srv/./staging/»"),
    says: ['"app_path" of environment "shop/production"', 'environment "shop/staging"'],
  },
  {
    title: "an app_path inherited by two",
    yaml: "fraises:\n  shop:\n    type: api\n    git_repo: /a\n    app_path: «/srv/a»\n    environments: {x: , y: }\n",
    says: ['"shop/x"', '"shop/y"'],
  },
  {
    title: "a branch mapped to a fraise that is not there",
    yaml: `branch_mapping:\n  main: {fraise: «shp», environment: production}\n${api()}`,
    says: 'no fraise "shp"',
    suggests: "shop",
  },
  {
    title: "a branch mapped to an environment that is not there",
    yaml: `branch_mapping:\n  main: {fraise: shop, environment: «prodution»}\n${api()}`,
    says: 'fraise "shop" has no environment "prodution"',
    suggests: "production",
  },
  {
    title: "a branch mapped to several",
    yaml: `branch_mapping:\n  main:\n    - {fraise: shop, environment: production}\n    - {fraise: «blog», environment: x}\n${api()}`,
    says: 'no fraise "blog"',
  },
  {
    title: "Fraisier's own database",
    yaml: api("env: {«FRAISIER_DB_URL»: x}"),
    says: ['"FRAISIER_DB_URL"', "its own database"],
  },
  { title: "a variable that no shell can name", yaml: api("env: {«my-key»: x}"), says: '"my-key"', suggests: "my_key" },
  {
    title: "a secret that is not set",
    yaml: api("env: {API_KEY: secret}\nsecrets: [«API_KEI»]"),
    says: '"API_KEI"',
    suggests: "API_KEY",
  },
  {
    title: "a secret that only another fraise has",
    yaml: `${api("secrets: [«KEY»]")}  blog: {type: etl, env: {KEY: x}, environments: {production: }}\n`,
    says: '"KEY" is the name of no variable',
  },
  {
    title: "a fraise whose name begins with a dot",
    yaml: "fraises:\n  «.shop»:\n    type: etl\n    environments: {x: }\n",
    says: 'must not begin with "."',
  },
  {
    title: "an environment with a blank",
    yaml: "fraises:\n  shop:\n    type: etl\n    environments: {«my env»: }\n",
    says: '" " is not allowed',
  },
  {
    title: "a job with a slash",
    yaml: "fraises:\n  a:\n    type: etl\n    environments:\n      b:\n        jobs: {«x/y»: {}}\n",
    says: '"/" is not allowed',
  },
  {
    title: "a name that is too long",
    yaml: `fraises:\n  «${"a".repeat(65)}»:\n    type: etl\n    environments: {x: }\n`,
    says: "has 65 characters",
  },
  {
    title: "a name that is not NFC",
    yaml: "fraises:\n  «e\u0301tl»:\n    type: etl\n    environments: {x: }\n",
    says: "NFC",
    suggests: "étl",
  },
  { title: "a project name with a colon", yaml: `name: «"a:b"»\n${api()}`, says: '"name" must consist of' },
];

const YAML: readonly Mistake[] = [
  { title: "a key twice", yaml: api("branch: a\nbuild: b\n«branch»: c"), says: ['"branch"', "twice", "line 8"] },
  { title: "a tab", yaml: "fraises:\n«\t»shop:\n", says: "a tab" },
  {
    title: "quotes that stay open",
    yaml: "fraises:\n  shop:\n    type: «'»api\n    environments: {}\n",
    says: "quotes that open here are never closed",
  },
  {
    title: "a bracket that stays open",
    yaml: "fraises:\n  shop:\n    build: «[»a, b\n    type: api\n",
    says: "[ is never closed",
  },
  { title: "a bracket that stays open at the top", yaml: "«[»a\n", says: "[ is never closed" },
  { title: "a comma that is missing", yaml: api("database: [[a] «[»b]]"), says: 'a "," is missing' },
  { title: "text after quotes", yaml: api('build: "npm" «ci»'), says: "quotes around the whole" },
  {
    title: "a colon that is missing",
    yaml: "fraises:\n  «shop\n    type»: api\n".replace("»", "").replace("\n    type", "»\n    type"),
    says: 'a ":" is missing',
  },
  { title: "a line without colon", yaml: "name: shop\n«fraises»\n", says: 'a key needs a ":"' },
  { title: "a colon inside a value", yaml: `name: a«:» b\n${api()}`, says: "in the middle of a value" },
  { title: "a map below a value", yaml: api("branch: «m»ain\n  a: 1"), says: "can't follow its value" },
  { title: "a key out of line", yaml: "fraises:\n  shop: {}\n« »other: {}\n", says: "wrong indentation" },
  { title: "a value that begins with @", yaml: api("branch: «@»main"), says: 'can\'t begin with "@"' },
  { title: "two documents", yaml: `${api()}«---»\nname: x\n`, says: "a second document" },
  {
    title: "an unknown alias",
    yaml: `x-a: &base {}\n${api("service: «*bse»")}`,
    says: "no anchor &bse",
    suggests: "*base",
  },
  { title: "an alias inside itself", yaml: api("database: &a [1, «*a»]"), says: "the alias *a stands inside" },
  { title: "a merge of something that is no map", yaml: api("«<<»: 3"), says: '"<<" takes the alias of a map' },
  { title: "two merges", yaml: `x-a: &a {}\n${api("<<: *a\n«<<»: *a")}`, says: "write <<: [*a, *b]" },
  { title: "a tag", yaml: api("branch: «!foo »main"), says: "the tag !foo is not known" },
  {
    title: "an environment tag",
    yaml: api("branch: «!envvar »BRANCH"),
    says: "the tag !envvar",
    suggests: "${BRANCH}",
  },
  { title: "an escape that is none", yaml: api('build: "echo «\\»q"'), says: "no such escape" },
  { title: "a list as key", yaml: api("? «[a]»\n: b"), says: "a key must be a text" },
  { title: "a variable in a flow map", yaml: api("env: {A: «${»A}}"), says: "in quotes" },
  { title: "a prototype", yaml: api("database: {«__proto__»: 1}"), says: '"__proto__"' },
  { title: "an empty file", yaml: "«»", says: "the file is empty" },
  { title: "a file of comments", yaml: "«#» nothing\n", says: "the file is empty" },
  { title: "a list as file", yaml: "«-» a\n", says: 'the file must be a map with "fraises:", not a list' },
];

const VARIABLES: readonly Mistake[] = [
  {
    title: "a variable that is not set",
    yaml: api('env: {URL: "x«${HOMES}»y"}'),
    says: ["the variable HOMES is not set", '"env.URL"', ".env"],
    suggests: "${HOME}",
  },
  {
    title: "a variable after an escaped one",
    yaml: api("build: a $${NOPE} «${NOPE}»"),
    says: "the variable NOPE is not set",
  },
  {
    title: "a variable in a block",
    yaml: api("build: |\n  first\n  second «${NOPE}» $HOME"),
    says: "the variable NOPE is not set",
  },
  { title: "a shell form", yaml: api("build: echo «${A%x}»"), says: ["only ${NAME}", "$${A%x}"] },
  { title: "a default without colon", yaml: api("build: echo «${A-x}»"), says: "only ${NAME}", suggests: "${A:-x}" },
  { title: "a default in a default", yaml: api("build: echo «${A:-${B}}» c"), says: "only ${NAME}" },
  { title: "a brace that stays open", yaml: api("build: echo «${A»"), says: "the } of this ${ is missing" },
  {
    title: "a number that is none",
    yaml: api('service: {start: x, port: «"${HOME}"»}'),
    says: ['"port"', 'the value of "${HOME}" is not'],
  },
];

for (const [group, mistakes] of Object.entries({ KEYS, VALUES, TOGETHER, YAML, VARIABLES })) {
  describe(`one mistake: ${group.toLowerCase()}`, () => {
    test.each(mistakes)("$title", ({ yaml, says, suggests }) => {
      const { text, places } = unmark(yaml);
      const problems = problemsOf(text);
      const summary = problems.map((problem) => `${placeOf(problem)} ${problem.message}`);
      const place = places[0] === "1:1+0" ? "1:1+1" : places[0];
      expect(problems.map(placeOf), summary.join("\n")).toEqual([place]);
      for (const part of [says].flat()) expect(problems[0]?.message).toContain(part);
      expect(problems[0]?.suggestion).toBe(suggests ?? null);
    });
  });
}
