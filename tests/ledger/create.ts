/**
 * A process that deploys some fraises for the first time. Arguments: the URL, how many fraises. Prints the ids of the
 * deployments as JSON.
 */
import { createAdapterFromUrl } from "../../src/db/index.ts";
import { Ledger, type NewDeployment } from "../../src/ledger/index.ts";

const [url = "", count = ""] = process.argv.slice(2);

const runner = { host: "h", machine: "m", bootId: "b", pid: process.pid, startTime: "1", user: "u", ciRun: null };
const wanted: Omit<NewDeployment, "fraise"> = {
  project: "",
  environment: "production",
  job: null,
  kind: "deploy",
  target: "local:m",
  host: "h",
  runner,
  oldVersion: null,
  newVersion: "v1",
  gitCommit: null,
  gitBranch: null,
  triggeredBy: "manual",
  triggeredByUser: "u",
};

await using adapter = await createAdapterFromUrl(url);
const ledger = new Ledger(adapter);
const ids: string[] = [];
for (let index = 0; index < Number(count); index++)
  ids.push((await ledger.createDeployment({ ...wanted, fraise: `fraise${index}` })).id);
process.stdout.write(JSON.stringify(ids));
