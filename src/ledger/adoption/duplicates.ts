import type { Queryable } from "../../db/index.ts";
import { LedgerSchemaError } from "../errors.ts";

/** A fraise's environment, or a job of it, that has several state rows. */
export interface Duplicate {
  readonly fraise: string;
  readonly environment: string;
  readonly job: string | null;
  /** How many state rows it has. */
  readonly rows: number;
}

/** How many are told in a message. */
const MOST_TOLD = 10;

/** What has several state rows in a Python Fraisier's file, whose UNIQUE constraint took no job for another job each time. */
export async function findDuplicates(database: Queryable): Promise<Duplicate[]> {
  return database.executeQuery<{ fraise: string; environment: string; job: string | null; rows: number }>(
    `SELECT fraise_name AS fraise, environment_name AS environment, NULLIF(job_name, '') AS job, COUNT(*) AS "rows"
      FROM tb_fraise_state GROUP BY 1, 2, 3 HAVING COUNT(*) > 1 ORDER BY 1, 2, 3`,
  );
}

/** @throws LedgerSchemaError `schema_duplicates`, naming them */
export async function refuseDuplicates(database: Queryable): Promise<void> {
  const duplicates = await findDuplicates(database);
  if (duplicates.length === 0) return;
  const told = duplicates.slice(0, MOST_TOLD).map(({ rows, ...place }) => `${describePlace(place)} (${rows} rows)`);
  const more = duplicates.length > MOST_TOLD ? `, and ${duplicates.length - MOST_TOLD} more` : "";
  throw new LedgerSchemaError(
    "schema_duplicates",
    `The Python Fraisier's database says more than once what is deployed: ${told.join(", ")}${more}. It was left as it is.`,
    { hint: "Keep the newest of each, with the deployments of all: fraisier db repair --merge-duplicates" },
  );
}

const describePlace = ({ fraise, environment, job }: Omit<Duplicate, "rows">): string =>
  `${fraise} ${environment}${job === null ? "" : `, job ${job}`}`;
