/** Where a repository is, with the secrets of its URL apart, so that they never get into an argument vector. */
export interface GitSource {
  /** What git is given as the remote's URL: without a password, over http without a user name too. */
  readonly url: string;
  /** What people are shown. */
  readonly shown: string;
  readonly username: string | null;
  readonly password: string | null;
}

/** Takes a repository's URL or path apart. Anything that is not an http(s) or ssh URL stays as it is. */
export function parseGitSource(repository: string): GitSource {
  const parts = /^(https?|ssh):\/\/(?:([^/?#]*)@)?(.*)$/is.exec(repository);
  const [, scheme = "", userInfo, rest = ""] = parts ?? [];
  if (parts === null || userInfo === undefined) {
    return { url: repository, shown: maskUrls(repository), username: null, password: null };
  }
  const colon = userInfo.indexOf(":");
  const user = colon < 0 ? userInfo : userInfo.slice(0, colon);
  const password = colon < 0 ? null : userInfo.slice(colon + 1);
  // ssh never takes a password from a URL, but would show it to everybody who lists the processes.
  if (scheme.toLowerCase() === "ssh") {
    const url = `${scheme}://${user}@${rest}`;
    return { url, shown: url, username: null, password: null };
  }
  const url = `${scheme}://${rest}`;
  return { url, shown: url, username: decode(user), password: password === null ? null : decode(password) };
}

/** Masks user names and passwords in every URL of a text. */
export function maskUrls(text: string): string {
  return text.replace(/(\w:\/\/)[^/\s'"]*@/g, "$1***@");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray "%" stands for itself, as git takes it.
    return text;
  }
}
