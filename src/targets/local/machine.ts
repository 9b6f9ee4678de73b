import { execFileSync } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";

let knownMachine: string | undefined;
let knownBoot: string | undefined;

/**
 * What tells this machine from all others: 32 hex digits, the same for every user and after every boot. Made from the
 * operating system's own id; where it has none, a random id is kept in the user's state folder.
 */
export function machineId(): string {
  // machine-id(5) asks not to show the id itself to the network; the ledger may be a server elsewhere.
  knownMachine ??= createHmac("sha256", systemId() ?? keptId())
    .update("fraisier")
    .digest("hex")
    .slice(0, 32);
  return knownMachine;
}

/** The name of this machine, for people. */
export function hostName(): string {
  return hostname();
}

/** A text that changes at every boot of this machine. */
export function bootId(): string {
  knownBoot ??=
    process.platform === "darwin"
      ? execFileSync("/usr/sbin/sysctl", ["-n", "kern.bootsessionuuid"], { encoding: "utf8" }).trim()
      : readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return knownBoot;
}

function systemId(): string | null {
  if (process.platform === "darwin") {
    const tree = execFileSync("/usr/sbin/ioreg", ["-rd1", "-c", "IOPlatformExpertDevice"], { encoding: "utf8" });
    return /"IOPlatformUUID" = "([^"]+)"/.exec(tree)?.[1] ?? null;
  }
  // "uninitialized" stands there during the first boot of an image.
  const id = readIfThere("/etc/machine-id") ?? readIfThere("/var/lib/dbus/machine-id");
  return id !== null && /^[0-9a-f]{32}$/.test(id) ? id : null;
}

function keptId(): string {
  const folder = join(process.env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "fraisier");
  const file = join(folder, "machine-id");
  const kept = readIfThere(file);
  if (kept) return kept;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}-${process.pid}`;
  writeFileSync(draft, `${randomUUID()}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    // Another process was first: its id, complete because linked and not written in place, is the one.
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  } finally {
    unlinkSync(draft);
  }
  return readFileSync(file, "utf8").trim();
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    // Absent or unreadable comes to the same: the next source is asked.
    return null;
  }
}
