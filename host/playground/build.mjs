// Puts the page together: `node build.mjs PAGE FIXTURES COMPONENTS PLAYGROUND.wasm OUT`, from where its packages are installed.

import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { build } from "esbuild";

const [page, fixtures, components, playground, out] = process.argv.slice(2);
if (!out) {
  console.error("usage: node build.mjs PAGE FIXTURES COMPONENTS PLAYGROUND.wasm OUT");
  process.exit(2);
}
const require = createRequire(import.meta.url);
const bindgen = dirname(require.resolve("@bytecodealliance/jco-transpile/component"));
const packages = ["@bytecodealliance/jco-transpile", "@bytecodealliance/preview2-shim"];

rmSync(out, { recursive: true, force: true });
for (const folder of ["parts", "vendor"]) mkdirSync(join(out, folder), { recursive: true });
cpSync(page, out, { recursive: true, filter: (path) => !path.startsWith(join(page, "vendor")) });

// A part is a script with the bytes in Base64: the page's policy forbids to fetch anything, even from its own place.
function bring(name, file) {
  writeFileSync(join(out, "parts", `${name}.js`), `export default "${readFileSync(file).toString("base64")}";\n`);
}

const mappings = readdirSync(components).flatMap((file) => file.match(/^mapping-(.*)\.wasm$/)?.[1] ?? []);
for (const name of mappings) bring(`mapping-${name}`, join(components, `mapping-${name}.wasm`));
bring("playground", playground);
bring("City", join(fixtures, "geo/City.mmdb"));
bring("ASN", join(fixtures, "geo/ASN.mmdb"));
bring("jco", join(bindgen, "js-component-bindgen-component.core.wasm"));
bring("jco-2", join(bindgen, "js-component-bindgen-component.core2.wasm"));

const brought = {
  mappings: mappings.sort((one, other) => order(one).localeCompare(order(other), "en", { numeric: true })),
  defaultMapping: "2.2",
  example: readFileSync(join(fixtures, "records/well-formed.ndjson"), "utf8"),
  exampleDomains: JSON.parse(readFileSync(join(fixtures, "records/settings.json"), "utf8")).local_domains,
};
writeFileSync(join(out, "parts/brought.js"), `export const brought = ${JSON.stringify(brought)};\n`);

/** ECS first, as `exotrace mapping list` has them. */
function order(name) {
  return name.includes("-") ? `1 ${name}` : `0 ${name}`;
}

await build({
  // Beside this script, where packages are found.
  entryPoints: [join(import.meta.dirname, "vendor/jco.js")],
  outfile: join(out, "vendor/jco.js"),
  bundle: true,
  format: "esm",
  platform: "browser",
  external: ["node:fs/promises"],
  legalComments: "inline",
  minifyWhitespace: true,
  logLevel: "warning",
});

const notices = packages.map((name) => {
  const folder = join(dirname(bindgen), "../..", name.replace("@bytecodealliance/", "@bytecodealliance/"));
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return `${name} ${version}: ${license}\n\n${readFileSync(join(folder, "LICENSE"), "utf8")}`;
});
writeFileSync(join(out, "vendor/LICENSES.txt"), notices.join("\n\n"));
