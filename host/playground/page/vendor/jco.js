// What the page has of jco; `build.mjs` puts all of it into one script.

import { WASIShim } from "@bytecodealliance/preview2-shim/instantiation";

export { $init, generate, generateTypes } from "@bytecodealliance/jco-transpile/component";

/** What a component of WASI may import, with nothing behind it: no files, no environment, no network. */
export function nothing() {
  const shim = new WASIShim({ sandbox: { preopens: {}, env: {}, args: [], enableNetwork: false } });
  return shim.getImportObject();
}
