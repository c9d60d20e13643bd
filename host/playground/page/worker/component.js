// Makes JavaScript of a component, by jco, which is WebAssembly itself.

import { part } from "./parts.js";
import { Refused } from "./refused.js";

/** The modules of jco, by the names that it fetches them under. */
const MODULES = {
  "js-component-bindgen-component.core.wasm": "jco",
  "js-component-bindgen-component.core2.wasm": "jco-2",
};

const OPTIONS = {
  name: "component",
  map: [],
  instantiation: { tag: "sync" },
  base64Cutoff: 0,
  noTypescript: true,
};

const MAGIC = "0,97,115,109";
const COMPONENT = "13,0,1,0";
const CORE_MODULE = "1,0,0,0";

let loading;

/** jco, which is loaded once. Nothing may be fetched, so it gets its modules from what the page has. */
export function jco() {
  loading ??= (async () => {
    globalThis.fetch = async (url) => {
      const name = MODULES[new URL(url).pathname.split("/").at(-1)];
      if (!name) throw new TypeError("this page connects to nothing");
      return new Response(await part(name), { headers: { "content-type": "application/wasm" } });
    };
    const module = await import("../vendor/jco.js");
    await module.$init;
    return module;
  })();
  return loading;
}

/** What stands in the first bytes of a file that is no component. */
function checkBeginning(bytes, name) {
  const [magic, version] = [bytes.slice(0, 4), bytes.slice(4, 8)].map(String);
  if (magic === MAGIC && version === COMPONENT) return;
  if (magic === MAGIC && version === CORE_MODULE) {
    throw new Refused(
      `\`${name}\` is a core module, not a component`,
      "take what `make` of your mapping puts beside it, or see “Write a mapping”",
    );
  }
  const what = bytes.length === 0 ? "is empty" : "is not WebAssembly: it begins with other bytes";
  throw new Refused(`\`${name}\` ${what}`, "drop a component: a file such as those of `exotrace mapping export`");
}

/**
 * What a component imports, also where it never uses it: jco leaves such imports out of what it runs, and names them in the
 * types that it writes.
 */
function declaredImports(bytes, generateTypes) {
  const files = generateTypes("component", { wit: { tag: "binary", val: bytes }, instantiation: { tag: "sync" } });
  const types = new TextDecoder().decode(files.find(([name]) => name === "component.d.ts")[1]);
  const block = types.match(/export interface ImportObject \{\n([^]*?)\n?\}/)[1];
  return block.split("\n").flatMap((line) => line.match(/^ {2}'?(.*?)'?(?:: typeof|\()/)?.[1] ?? []);
}

/** A component that is ready to be instantiated: as often as wanted, each time with a memory of its own. */
export class Component {
  static async load(bytes, name) {
    checkBeginning(bytes, name);
    const { generate, generateTypes } = await jco();
    let generated, imports;
    try {
      generated = generate(bytes, OPTIONS);
      imports = declaredImports(bytes, generateTypes);
    } catch (error) {
      const problem = String(error?.payload ?? error?.message ?? error).split("\n")[0];
      throw new Refused(`\`${name}\` is not a component that can be run: ${problem}`, "build it again; it may be cut off");
    }
    const files = new Map(generated.files);
    const script = URL.createObjectURL(new Blob([files.get("component.js")], { type: "text/javascript" }));
    try {
      const { instantiate } = await import(script);
      const modules = new Map();
      for (const [file, bytes] of files) {
        if (file.endsWith(".wasm")) modules.set(file, await WebAssembly.compile(bytes));
      }
      return new Component(imports, generated, (imports) => instantiate((file) => modules.get(file), imports));
    } catch (error) {
      throw new Refused(`\`${name}\` cannot be run in this browser: ${error.message}`, "try a newer browser");
    } finally {
      URL.revokeObjectURL(script);
    }
  }

  constructor(imports, { exports }, instantiate) {
    this.imports = imports;
    this.exports = exports.map(([name]) => name);
    this.instantiate = instantiate;
  }
}
