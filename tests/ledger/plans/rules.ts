/** What is expected of the plan of each question. */
import { DatabaseType, type Queryable } from "../../../src/db/index.ts";
import { explain, type Plan } from "./explain.ts";
import type { Question } from "./questions.ts";

/** Tables that have a row for each deployment, or more. The others have one for each fraise, target or lock. */
const GROWING = new Set([
  "tb_deployment",
  "tb_deployment_step",
  "tb_deployment_output",
  "tb_event",
  "tb_webhook_event",
  "tb_deployment_stat",
]);

/** How many rows may be sorted, however long the history. */
const MOST_SORTED = 300;

/** Filters of a list for which there is an index. What is asked for by others is looked for among the newest. */
const INDEXED = /project|fraise|environment|target|status|since|after/;

/** The indexes by which something is found, where another one would mean to read all that a fraise ever had. */
const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  unfinishedDeployments: ["ix_deployment_healthy", "ix_deployment_status_started"],
  lastHealthy: ["ix_deployment_healthy"],
  "lastHealthy before another": ["ix_deployment_healthy"],
  findRelease: ["ix_deployment_release"],
  healthyReleases: ["ix_deployment_healthy", "ix_deployment_status_started"],
  "findDeployments that begin like all": ["ix_deployment_id_hex", "ix_deployment_id_hex_reversed"],
  "findDeployments by a short id": ["ix_deployment_id_hex", "ix_deployment_id_hex_reversed"],
  "events of a deployment": ["ix_event_subject"],
  "events of a deployment that follow": ["ix_event_subject"],
  recentWebhooks: ["ix_webhook_event_received"],
};

/** The same for what SQLite finds by the form of its indexes, and the others by how many rows they expect. */
const ANSWERS_OF_SQLITE: typeof ANSWERS = {
  "listDeployments by rare nothing": ["ix_deployment_started"],
  "listDeployments by rare project": ["ix_deployment_project_started"],
  "listDeployments by rare fraise": ["ix_deployment_fraise_started"],
  "listDeployments by rare fraise, environment": ["ix_deployment_fraise_environment_started"],
  "listDeployments by rare environment": ["ix_deployment_environment_started"],
  "listDeployments by rare target": ["ix_deployment_target_started"],
  "listDeployments by rare status": ["ix_deployment_status_started"],
  "listDeployments by rare since": ["ix_deployment_started"],
  "listDeployments by rare after": ["ix_deployment_started"],
  "listDeployments by common fraise, status": ["ix_deployment_fraise_started"],
  "listDeployments by common fraise, target": ["ix_deployment_fraise_started"],
  "listDeployments by common project, fraise, target, status": ["ix_deployment_fraise_started"],
  "listDeployments by common fraise, environment, target, status": ["ix_deployment_fraise_environment_started"],
  getState: ["ux_fraise_state_identity"],
};

/** What is wrong with how a database answers a question; nothing when all is well. */
export async function complaintsOf(database: Queryable, type: DatabaseType, question: Question): Promise<string[]> {
  const { name, sent } = question;
  const complaints: string[] = [];
  const used: string[] = [];
  for (const statement of sent) {
    const plan = await explain(database, type, statement);
    for (const { index } of plan.accesses) if (index !== null && /^[iu]x_/.test(index)) used.push(index);
    for (const what of complaintsOfPlan(plan, mayWalk(name)))
      complaints.push(`${what}\n${statement.text}\n${plan.text}`);
  }
  const answers = ANSWERS[name] ?? (type === DatabaseType.SQLITE ? ANSWERS_OF_SQLITE[name] : undefined);
  const wanted = used.filter((index) => answers?.includes(index));
  const other = used.filter((index) => index !== "ux_fraise_state_identity" && !wanted.includes(index));
  if (answers !== undefined && (wanted.length === 0 || other.length > 0))
    complaints.push(`uses ${used.join(", ") || "none"} instead of ${answers.join(" or ")}`);
  return complaints.map((what) => `${name}: ${what}`);
}

function complaintsOfPlan({ accesses, sortedRows }: Plan, mayWalkThrough: boolean): string[] {
  const complaints: string[] = [];
  for (const { table, index, isSearch } of accesses) {
    if (!GROWING.has(table)) continue;
    if (index === null) complaints.push(`reads all of ${table}`);
    else if (!isSearch && !mayWalkThrough) complaints.push(`goes through ${index}`);
  }
  if (sortedRows === "unknown" || sortedRows > MOST_SORTED) complaints.push(`sorts ${sortedRows} rows`);
  return complaints;
}

/** Whether the newest rows are gone through until there are enough: wanted are all of them, or what many have. */
function mayWalk(name: string): boolean {
  const [, values, filters = ""] = /^listDeployments by (\w+) (.*)$/.exec(name) ?? [];
  if (values === undefined) return name === "recentWebhooks";
  return values === "common" || !INDEXED.test(filters);
}
