import { createAdapterFromUrl } from "../factory.ts";
import type { ServingData } from "./channel.ts";
import type { Request, WorkerOrder } from "./protocol.ts";
import { serve } from "./serve.ts";
import { ServedAdapter } from "./served-adapter.ts";

/** Makes an adapter in this thread, and answers for it. */
export function serveAdapter(data: ServingData): Promise<void> {
  return serve(data, async () => {
    const { url, options } = data.order as WorkerOrder;
    const served = new ServedAdapter(await createAdapterFromUrl(url, options));
    return (request: Request) => served.answer(request);
  });
}
