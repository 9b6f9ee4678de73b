import { expect, test } from "vitest";
import { compose } from "../../src/config/compose.ts";
import { placesOf } from "../../src/config/places.ts";
import { locateDrafts, SourceText } from "../../src/config/source.ts";
import { toPlain } from "../../src/config/tree.ts";
import { FILE, twoEnvironments } from "./helpers.ts";

test("a service has one way to come to serve, whatever it inherits", () => {
  const source = new SourceText(
    FILE,
    twoEnvironments("service: {restart: r, port: 80}", "service: {start: s}", "service: {port: 81}"),
  );
  const { root } = compose(source, { env: {}, unset: "error" });
  if (root === undefined) throw new Error("nothing was read");
  const services = placesOf(root).map(({ settings }) => (toPlain(settings) as { service: unknown }).service);
  expect(services).toEqual([
    { start: "s", port: 80 },
    { restart: "r", port: 81 },
  ]);
});

test("what is missing at the end of a file is shown at the end of its last line", () => {
  const source = new SourceText(FILE, "a: b\nc: d\n\n");
  const [problem] = locateDrafts(source, [{ start: 11, end: 12, path: [], message: "m" }], (line) => line);
  expect(problem).toMatchObject({ line: 2, column: 5, length: 1, sourceLine: "c: d" });
});
