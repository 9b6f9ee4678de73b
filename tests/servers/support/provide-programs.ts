/**
 * Gets each server's programs as on a machine that has next to nothing: the programs in the first folder, of the
 * packages those in the second file, and an empty cache in the third. Prints what it got and starts.
 */
import { products } from "../products/index.ts";
import { providePrograms } from "../programs.ts";
import { TestServer } from "../test-server.ts";

const [tools = "", dpkgStatus = "", cacheFolder = ""] = process.argv.slice(2);
const machine = { searchPath: [tools], dpkgStatus, cacheFolder };
for (const product of Object.values(products)) {
  const programs = await providePrograms(product, machine);
  const server = await TestServer.create(product, programs);
  process.stdout.write(`${server.kind} from ${programs.file(product.programs[0])}\n`);
  await server.dispose();
}
