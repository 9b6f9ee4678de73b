import { resolve } from "node:path";

/** What paths of a file are relative to. */
export interface Base {
  /** The folder of the file, absolute. */
  readonly directory: string;
  /** What `~` stands for, absolute. */
  readonly home: string;
}

const GIT_PROTOCOLS = ["https", "ssh", "git", "file"];
const URL_START = /^([a-z][a-z0-9+.-]*):\/\//i;
const SCP_LIKE = /^([^/:]+):(.*)$/s;

/** Makes a path of the file absolute: `~/x` is below the home folder, anything else relative is below the file's. */
export function expandPath(path: string, base: Base): string {
  if (path === "~" || path.startsWith("~/")) return resolve(base.home, path.slice(2));
  return resolve(base.directory, path);
}

/** Makes the path of a repository absolute; URLs and `host:path` stay as they are. */
export function expandRepository(repository: string, base: Base): string {
  return URL_START.test(repository) || SCP_LIKE.test(repository) ? repository : expandPath(repository, base);
}

/** The password that is written into a URL, of a repository say; null when there is none. */
export function urlPassword(url: string): string | null {
  const written = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*?:([^/?#]*)@/i.exec(url)?.[1];
  return written === undefined || written === "" ? null : written;
}

/** Why a path can't be used, as a clause after its key; null when it can. */
export function pathFault(path: string): string | null {
  return /^~[^/]/.test(path) ? 'may begin with "~/" only, for your own home folder; write other paths in full' : null;
}

/**
 * Why git must not be given a repository, as a clause after its key; null when it may. Anything that git could take
 * for an option, or that makes git run a program of the URL's choosing, is refused.
 */
export function repositoryFault(repository: string): string | null {
  if (repository.startsWith("-")) return 'must not begin with "-"; git would take it for an option';
  if (/^[a-z][a-z0-9+.-]*::/i.test(repository)) {
    return 'must not name a transport helper ("ext::" and its like can run any program)';
  }
  const scheme = URL_START.exec(repository)?.[1]?.toLowerCase();
  if (scheme !== undefined) return urlFault(repository, scheme);
  const scp = SCP_LIKE.exec(repository);
  if (scp === null) return pathFault(repository);
  const host = scp[1]?.split("@").at(-1) ?? "";
  if (host === "" || scp[2] === "") return 'must be written "host:path", with both';
  return host.startsWith("-") ? 'must not have a host that begins with "-"' : null;
}

function urlFault(repository: string, scheme: string): string | null {
  if (scheme === "http") return "must not use plain http, which anybody on the way can change; use https or ssh";
  if (!GIT_PROTOCOLS.includes(scheme)) {
    return "must be an https, ssh, git or file URL, user@host:path, or a path";
  }
  const url = URL.parse(repository);
  if (url === null || (url.hostname === "" && scheme !== "file")) return "must be a complete URL: scheme://host/path";
  if (url.hostname.startsWith("-") || url.username.startsWith("-")) return 'must not have a host that begins with "-"';
  return null;
}

/** Why the URL of a health check can't be used, as a clause after its key; null when it can. */
export function healthUrlFault(text: string): string | null {
  const placeholder = /\{(?!port\})[^}]*\}?/.exec(text);
  if (placeholder !== null) return `must not contain ${JSON.stringify(placeholder[0])}; only {port} is replaced`;
  const url = URL.parse(text.replaceAll("{port}", "1"));
  if (url === null || !/^https?:\/\/[^/]/i.test(text)) return "must be a complete http or https URL";
  return url.protocol === "http:" || url.protocol === "https:" ? null : "must be an http or https URL";
}

/** Why git can't have a branch of that name, as a clause after its key; null when it can. */
export function branchFault(branch: string): string | null {
  if (branch.startsWith("-")) return 'must not begin with "-"; git would take it for an option';
  if (/[\s~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|\.lock$/.test(branch))
    return "must be a name that git allows for a branch or tag";
  return null;
}

/** Why systemd can't have a unit of that name, as a clause after its key; null when it can. */
export function unitFault(unit: string): string | null {
  if (unit.startsWith("-")) return 'must not begin with "-"; systemctl would take it for an option';
  return /^[A-Za-z0-9:_.\\@-]+$/.test(unit) ? null : 'must be the name of a unit, like "shop.service"';
}

/** Why a path can't be shared between releases, as a clause after its key; null when it can. */
export function sharedFault(path: string): string | null {
  if (path.startsWith("/") || path.startsWith("~")) return 'must be relative to the release, like "storage/" or ".env"';
  const parts = sharedParts(path);
  if (parts.includes("..")) return 'must not contain ".."';
  if (parts.length === 0) return "must not be the release itself";
  return parts[0] === ".git" ? 'must not be ".git"' : null;
}

/** The steps of a shared path, without empty ones and `.`. */
export function sharedParts(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}
