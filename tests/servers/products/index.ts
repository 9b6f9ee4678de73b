import { mariadb } from "./mariadb.ts";
import { mysql } from "./mysql.ts";
import { postgresql } from "./postgresql.ts";
import type { Product, ServerKind } from "./product.ts";

export type { Packaged, Product, ServerKind, Site } from "./product.ts";

export const products: Readonly<Record<ServerKind, Product>> = { postgresql, mariadb, mysql };
