import type { Place } from "../work.ts";

/** The file of an SQLite database. */
export const fileOf = ({ url }: Place): string => url.replace("sqlite://", "");
