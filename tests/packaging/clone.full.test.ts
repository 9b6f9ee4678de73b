/** A clone of what is committed. It installs everything anew, which takes minutes and a network. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cleanEnvironment, ROOT, type RunOptions, succeed, temporaryFolder } from "./support.ts";

const folderOfOurs = temporaryFolder("clone");
const folderOfNobody = temporaryFolder("clone of nobody");

async function cloneAndRunDemo(folder: string, user?: { uid: number; gid: number }): Promise<void> {
  const clone = join(folder, "a clone");
  await succeed("git", ["clone", "--quiet", "--no-hardlinks", ROOT, clone], { cwd: folder });
  const [home, temporary] = [join(folder, "home"), join(folder, "temporary")];
  for (const made of [home, temporary]) mkdirSync(made);
  if (user) await succeed("chown", ["-R", `${user.uid}:${user.gid}`, folder], { cwd: ROOT });
  const env = cleanEnvironment({ TMPDIR: temporary, ...(user && { HOME: home }) });
  const options: RunOptions = user ? { cwd: clone, env, user } : { cwd: clone, env };
  await succeed("npm", ["run", "demo"], options);
  await succeed("npm", ["run", "demo"], options);
  expect(await succeed("git", ["status", "--porcelain"], options)).toBe("");
}

test("the demo runs in a fresh clone, twice", { timeout: 600_000 }, () => cloneAndRunDemo(folderOfOurs));

// Only root can become another user.
if (process.getuid?.() === 0) {
  test("the demo runs in another user's fresh clone, twice", { timeout: 600_000 }, async () => {
    const id = async (option: string) => Number(await succeed("id", [option, "nobody"], { cwd: ROOT }));
    await cloneAndRunDemo(folderOfNobody, { uid: await id("-u"), gid: await id("-g") });
  });
}
