/**
 * A process that outlives a killed test run: it is told of the folder of each server, waits until nobody holds the
 * other end of its standard input, and then ends those servers that are still there.
 */
import { createInterface } from "node:readline";
import { removeServer } from "./processes.ts";

const folders: string[] = [];
const input = createInterface({ input: process.stdin });
input.on("line", (folder) => folders.push(folder));
input.on("close", () => Promise.all(folders.map(removeServer)));
process.stdout.write("ready\n");
