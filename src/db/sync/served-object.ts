import { workerData } from "node:worker_threads";
import type { ServingData } from "./channel.ts";
import { serve } from "./serve.ts";
import { type PackedError, packError } from "./transferable-errors.ts";

/** What is asked of an object in another thread. Arguments and results are what structured cloning takes. */
export type ObjectQuestion =
  | { readonly ask: "call"; readonly method: string; readonly args: readonly unknown[] }
  | { readonly ask: "close" };

export type ObjectAnswer =
  | { readonly say: "value"; readonly value: unknown }
  | { readonly say: "failed"; readonly error: PackedError };

/** What can be served: whatever its methods return is waited for. */
export interface ServedObject {
  /** The last that is called. */
  close(): Promise<void>;
}

/**
 * The whole work of a thread behind a {@link RemoteObject}: makes the object, and answers for it.
 *
 * @param open gets the order that the {@link RemoteObject} was made with
 */
export function serveObject<Order>(open: (order: Order) => ServedObject): Promise<void> {
  const data = workerData as ServingData;
  return serve(data, async () => {
    const object = open(data.order as Order);
    return (question: ObjectQuestion) => answer(object, question);
  });
}

async function answer(object: ServedObject, question: ObjectQuestion): Promise<ObjectAnswer> {
  try {
    const [method, args] = question.ask === "close" ? ["close", []] : [question.method, question.args];
    const call = object[method as keyof ServedObject] as (...args: unknown[]) => Promise<unknown>;
    return { say: "value", value: await call.apply(object, [...args]) };
  } catch (error) {
    return { say: "failed", error: packError(error) };
  }
}
