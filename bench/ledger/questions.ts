import type { DeploymentFilter, Ledger } from "../../src/ledger/index.ts";
import { environmentOf, FRAISES, fraiseName, leaseOf, projectOf, startOf, targetOf, WITH_STEPS } from "./fill.ts";

/** Something that a command asks the ledger. */
export interface Question {
  readonly name: string;
  ask(): Promise<unknown>;
}

/** Questions of one kind, as the report names them. */
export interface Group {
  readonly title: string;
  readonly questions: readonly Question[];
  /** How often each is asked. */
  readonly calls: number;
}

/** All that is asked of a ledger with so many deployments. @param most - filters in one question of `history` */
export async function groupsOf(ledger: Ledger, deployments: number, most: number, calls: number): Promise<Group[]> {
  const newest = await ledger.listDeployments({ limit: Math.min(WITH_STEPS, 500) });
  const states = await ledger.listStates();
  const some = <T>(items: readonly T[], count: number): T[] =>
    Array.from({ length: count }, (_, n) => items[(n * 7919) % items.length] as T);
  const middle = newest.at(-1)?.id as string;
  return [
    { title: "history", questions: histories(ledger, deployments, middle, most), calls },
    {
      title: "show",
      calls: 1,
      questions: some(newest, 100).map(({ id }) => ({
        name: id,
        async ask() {
          const [found] = await ledger.findDeployments(id.slice(-8));
          if (found?.id !== id) throw new Error(`${id} was not found by its end`);
          const steps = await ledger.getSteps(id);
          if (steps.length === 0) throw new Error(`${id} has no steps`);
          if (found.undoesDeploymentId !== null) await ledger.getDeployment(found.undoesDeploymentId);
        },
      })),
    },
    {
      title: "status of one fraise",
      calls: 1,
      questions: some(states, 100).map((state, n) => ({
        name: state.identifier,
        async ask() {
          const { currentDeploymentId } = (await ledger.getState(state)) ?? {};
          await ledger.readLease(leaseOf(n));
          if (!currentDeploymentId) throw new Error(`${state.identifier} has no deployment`);
          await ledger.getDeployment(currentDeploymentId);
        },
      })),
    },
    {
      title: "status of all 1,000 fraises",
      calls: 50 * calls, // of fewer a few that met somebody else would be the 95th percentile
      questions: [{ name: "all states", ask: () => ledger.listStates() }],
    },
    {
      title: "stats",
      calls: 1,
      questions: some(states, 100).map((state, n) => {
        const since = n % 2 === 0 ? startOf(0) : startOf(deployments - 130_000);
        return { name: state.identifier, ask: () => ledger.dayCounts(state, since.toISOString().slice(0, 10)) };
      }),
    },
  ];
}

/** Every combination of so many filters at most, with values that many deployments have, and such as few have. */
function histories(ledger: Ledger, deployments: number, middle: string, most: number): Question[] {
  const common: Required<Omit<DeploymentFilter, "limit">> = {
    project: projectOf(0),
    fraise: fraiseName(42),
    environment: environmentOf(42),
    target: targetOf(42),
    status: ["success", "failed"],
    kind: "deploy",
    since: startOf(Math.floor(deployments / 2)),
    after: middle,
  };
  const rare: typeof common = {
    project: projectOf(FRAISES - 1),
    fraise: fraiseName(FRAISES - 1),
    environment: environmentOf(FRAISES - 1),
    target: targetOf(FRAISES - 1),
    status: ["cancelled", "in_progress", "superseded"],
    kind: "rollback",
    since: startOf(deployments - 30),
    after: middle,
  };
  const names = Object.keys(common) as (keyof typeof common)[];
  const questions: Question[] = [];
  for (const [what, values] of Object.entries({ common, rare })) {
    for (let combination = 0; combination < 2 ** names.length; combination++) {
      const by = names.filter((_, index) => (combination & (2 ** index)) !== 0);
      if (by.length > most) continue;
      const filter: DeploymentFilter = Object.fromEntries(by.map((name) => [name, values[name]]));
      const name = `by ${what} ${by.join(", ") || "nothing"}`;
      questions.push({ name, ask: () => ledger.listDeployments(filter) });
    }
  }
  return questions;
}
