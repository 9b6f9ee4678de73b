/**
 * A process that writes output until it is killed, three chunks a call, and prints the number of each call that is
 * over. Arguments: the URL, the deployment, its lease as JSON.
 */
import { createAdapterFromUrl } from "../../src/db/index.ts";
import { type Lease, Ledger } from "../../src/ledger/index.ts";

const [url = "", deployment = "", leaseText = ""] = process.argv.slice(2);
const lease = JSON.parse(leaseText) as Lease; // its dates are text here, and not used

const ledger = new Ledger(await createAdapterFromUrl(url));
for (let call = 1; ; call++) {
  const lines = [0, 1, 2].map((line) => `call ${call}, line ${line}\n`);
  const chunks = lines.map((text) => ({ stream: "stdout" as const, text, at: new Date() }));
  await ledger.appendOutput(lease, deployment, 1, chunks);
  process.stdout.write(`${call}\n`);
}
