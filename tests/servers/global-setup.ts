import type { TestProject } from "vitest/node";
import { ServerService } from "./service.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where tests ask for a server. */
    readonly serverService: string;
  }
}

/** Runs once for all test files. No server is started until one of them asks for it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const service = new ServerService();
  await service.open();
  project.provide("serverService", service.path);
  return async () => {
    await service.close();
    process.stdout.write(`Database servers tested: ${service.summary()}.\n`);
  };
}
