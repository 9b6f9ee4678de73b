import { serveObject } from "../../../src/db/index.ts";
import { Counter } from "./counter.ts";

await serveObject((from: number) => new Counter(from));
