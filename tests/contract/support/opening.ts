/** How the contract's databases are opened: by the adapter, unless a test file wants the same suite on something else. */
import { type AnyAdapterOptions, createAdapterFromUrl, type FraiserDatabaseAdapter } from "../../../src/db/index.ts";

type OpenAdapter = (url: string, options?: AnyAdapterOptions) => Promise<FraiserDatabaseAdapter>;

let open: OpenAdapter = createAdapterFromUrl;

/** From now on, in this test file, what is opened is made by `other`. */
export function openWith(other: OpenAdapter): void {
  open = other;
}

export const openAdapter: OpenAdapter = (url, options) => open(url, options);
