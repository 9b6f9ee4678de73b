/** The threads behind the channel of a wrapper, and whoever watches the thread behind any other. */
import { workerData } from "node:worker_threads";
import type { ThreadData } from "./channel.ts";

const data = workerData as ThreadData;
if (data.role === "watch") data.life.on("close", () => Atomics.store(data.ended, 0, 1)).ref();
else await (await import("./serve-adapter.ts")).serveAdapter(data);
