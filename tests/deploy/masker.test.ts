import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMasker, maskValue } from "../../src/deploy/index.ts";

describe("masking", () => {
  test("every occurrence of every secret goes, also of one within another", () => {
    const mask = createMasker(["hunter2", "hunter2-extended"]);
    expect(mask("hunter2 and hunter2-extended, hunter2!")).toBe("[masked] and [masked], [masked]!");
  });

  test("a secret of several lines is masked line by line", () => {
    const mask = createMasker(["-----BEGIN KEY-----\nabcdef\n-----END KEY-----\n"]);
    expect(mask("abcdef")).toBe("[masked]");
    expect(mask("x -----END KEY-----")).toBe("x [masked]");
  });

  test("what a regular expression would understand is taken literally", () => {
    expect(createMasker(["a.*b$&"])("a.*b$& axxb")).toBe("[masked] axxb");
  });

  test("passwords in URLs go without being named", () => {
    const mask = createMasker([]);
    expect(mask("fetching https://me:s3cret@git.example.com/x.git")).toBe(
      "fetching https://me:[masked]@git.example.com/x.git",
    );
    expect(mask("http://example.com:8080/a@b")).toBe("http://example.com:8080/a@b");
  });

  test("blank secrets mask nothing", () => {
    expect(createMasker(["", "  ", "\n"])("a b  c")).toBe("a b  c");
  });

  test("no secret survives, whatever the text and the secrets", () => {
    const secret = fc
      .string({ minLength: 4 })
      .filter((text) => text.trim() !== "" && !/[\r\n]/.test(text) && !"[masked]".includes(text));
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1 }), fc.string(), fc.string(), (secrets, before, after) => {
        const [first = ""] = secrets;
        const masked = createMasker(secrets)(before + first + after);
        return !masked.replaceAll("[masked]", "\u0000").includes(first);
      }),
    );
  });

  test("maskValue goes through lists and objects and leaves numbers and dates alone", () => {
    const at = new Date(0);
    expect(maskValue({ a: ["x pass x", { b: "pass" }], n: 5, at, none: null }, createMasker(["pass"]))).toEqual({
      a: ["x [masked] x", { b: "[masked]" }],
      n: 5,
      at,
      none: null,
    });
  });
});
