import { parseDuration } from "../db/index.ts";
import { type Base, expandPath, expandRepository } from "./locations.ts";
import type { Command, Environment, Fraise, FraiseType, HealthCheck, Job, Service } from "./model.ts";
import type { Place } from "./places.ts";
import {
  entriesAt,
  itemsAt,
  type MapNode,
  mapAt,
  nodeAt,
  type ScalarNode,
  scalarAt,
  type TreeNode,
  toPlain,
} from "./tree.ts";

/**
 * Makes the model of a tree that has passed all checks. Where an unset `${VAR}` was left in place, texts keep it and
 * numbers get their defaults.
 */
export function resolveFraises(root: TreeNode, places: readonly Place[], base: Base): Map<string, Fraise> {
  return new Map(
    entriesAt(root, "fraises").map(({ key: name, value }) => {
      const environments = places
        .filter((place) => place.fraise === name)
        .map((place) => [place.environment, resolveEnvironment(place, base)] as const);
      const type = scalarAt(value, "type")?.text as FraiseType;
      const description = textAt(value, "description") ?? "";
      return [name, { name, type, description, environments: new Map(environments) }];
    }),
  );
}

function resolveEnvironment({ environment, settings }: Place, base: Base): Environment {
  const gitRepo = scalarAt(settings, "git_repo");
  const appPath = scalarAt(settings, "app_path");
  const systemdService = textAt(settings, "systemd_service");
  const database = nodeAt(settings, "database");
  return {
    key: environment,
    name: textAt(settings, "name") ?? environment,
    branch: textAt(settings, "branch"),
    gitRepo: gitRepo === undefined ? null : expanded(gitRepo, base, expandRepository),
    appPath: appPath === undefined ? null : expanded(appPath, base, expandPath),
    systemdService,
    scriptPath: textAt(settings, "script_path"),
    database: database === undefined ? null : toPlain(database),
    jobs: new Map(entriesAt(settings, "jobs").map(({ key, value }) => [key, resolveJob(key, value)])),
    build: commandsAt(settings, "build"),
    migrate: commandsAt(settings, "migrate"),
    migrateDown: commandsAt(settings, "migrate_down"),
    service: resolveService(mapAt(settings, "service"), systemdService),
    healthCheck: resolveHealthCheck(mapAt(settings, "health_check")),
    keepReleases: numberAt(settings, "keep_releases") ?? 5,
    shared: itemsAt(settings, "shared").map((item) => textOf(item)),
    env: Object.fromEntries(entriesAt(settings, "env").map(({ key, value }) => [key, textOf(value)])),
    timeout: secondsAt(settings, "timeout") ?? 900,
  };
}

function resolveJob(name: string, value: TreeNode): Job {
  return { name, settings: value.kind === "map" ? (toPlain(value) as Record<string, unknown>) : {} };
}

function resolveService(service: MapNode | undefined, unit: string | null): Service | null {
  const start = nodeAt(service, "start");
  if (start !== undefined) {
    const port = textAt(service, "port") === "auto" ? "auto" : (numberAt(service, "port") ?? null);
    return { kind: "process", start: commandOf(start), port, stopTimeout: secondsAt(service, "stop_timeout") ?? 10 };
  }
  const restart = nodeAt(service, "restart");
  if (restart === undefined && unit === null) return null;
  const command: Command = restart === undefined ? ["systemctl", "restart", unit ?? ""] : commandOf(restart);
  return { kind: "command", restart: command, port: numberAt(service, "port") ?? null };
}

function resolveHealthCheck(check: MapNode | undefined): HealthCheck | null {
  if (check === undefined) return null;
  const status = nodeAt(check, "expect_status");
  const statuses = (status?.kind === "list" ? status.items : status === undefined ? [] : [status])
    .map((node) => (node.kind === "scalar" ? node.value : null))
    .filter((value) => typeof value === "number");
  return {
    url: textAt(check, "url") ?? "",
    timeout: secondsAt(check, "timeout") ?? 5,
    retries: numberAt(check, "retries") ?? 10,
    interval: secondsAt(check, "interval") ?? 1,
    expectStatus: statuses.length === 0 ? [200] : statuses,
    expectBody: textAt(check, "expect_body"),
    stableFor: secondsAt(check, "stable_for") ?? 1,
  };
}

function expanded(node: ScalarNode, base: Base, expand: (text: string, base: Base) => string): string {
  return node.origin === "unresolved" ? node.text : expand(node.text, base);
}

function commandsAt(settings: MapNode, key: string): Command[] {
  const node = nodeAt(settings, key);
  if (node === undefined) return [];
  return node.kind === "list" ? node.items.map(commandOf) : [commandOf(node)];
}

function commandOf(node: TreeNode): Command {
  if (node.kind !== "list") return textOf(node);
  const [program = "", ...rest] = node.items.map(textOf);
  return [program, ...rest];
}

function textOf(node: TreeNode): string {
  return node.kind === "scalar" ? node.text : "";
}

function textAt(node: TreeNode | undefined, key: string): string | null {
  return scalarAt(node, key)?.text ?? null;
}

function numberAt(node: TreeNode | undefined, key: string): number | undefined {
  const value = scalarAt(node, key)?.value;
  return typeof value === "number" ? value : undefined;
}

function secondsAt(node: TreeNode | undefined, key: string): number | undefined {
  const scalar = scalarAt(node, key);
  if (scalar === undefined) return undefined;
  const value = typeof scalar.value === "number" ? scalar.value : scalar.text;
  return parseDuration(value) ?? undefined;
}
