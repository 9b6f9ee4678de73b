/**
 * Has the built code take Node's own modules by `process.getBuiltinModule` instead of importing them. For an import Node
 * looks at every export of the module, also at those that it makes only when they are asked for: `node:crypto` and
 * `node:fs` then load Web Crypto and file streams, which takes a command longer than its work.
 */
import type { TsdownPlugin } from "tsdown";

/** `import first, { a as b } from "node:x";` as the bundler writes it, each part left out where it is not needed. */
const IMPORT = /^import (?:([\w$]+)(?:, )?)?(?:\{([^}]*)\} |\* as ([\w$]+) | )?from "(node:[^"]+)";$/gm;

/** The same code without imports of built-in modules. @throws Error for one that is written in another way */
export function withoutBuiltInImports(code: string, file: string): string {
  const written = code.replace(IMPORT, (_all, first?: string, names?: string, everything?: string, module?: string) => {
    // `process` itself may be among what is imported.
    const taken = `globalThis.process.getBuiltinModule("${module}")`;
    const bindings = [first, everything, names && `{${names.replace(/([\w$]+) as /g, "$1: ")}}`];
    return bindings.flatMap((binding) => (binding ? [`const ${binding} = ${taken};`] : [])).join(" ");
  });
  const odd = /^(?:import|export)\b[^;]*"node:[^;]*;/m.exec(written);
  if (odd) throw new Error(`${file} imports a built-in module in a way that is not known: ${odd[0]}`);
  return written;
}

/** The plugin. */
export function builtInModules(): TsdownPlugin {
  return {
    name: "built-in-modules",
    renderChunk: (code, { fileName }) => (fileName.endsWith(".js") ? withoutBuiltInImports(code, fileName) : null),
  };
}
