// Maps records with the plug-in of Extism, in Node: NDJSON on standard input, documents on standard output.
//
//     node map-extism.mjs PLUGIN.wasm [NAME=VALUE...]

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import createPlugin from '@extism/extism';

/** How many bytes of records a call gets, about. */
const BATCH_BYTES = 1 << 20;
/** 1 GiB, in pages of 64 KiB. */
const MEMORY_PAGES = 16 * 1024;

/** The plug-in with its config, a text for each name, and a limit. */
export function load(plugin, config) {
  const manifest = { wasm: [{ data: readFileSync(plugin) }], memory: { maxPages: MEMORY_PAGES } };
  return createPlugin(manifest, { useWasi: false, config });
}

/** What a plug-in makes of bytes. Of a part of a buffer, the SDK 1.0.3 would hand over all of it. */
export async function call(plugin, name, bytes) {
  return plugin.call(name, new Uint8Array(bytes));
}

/** Lines put together until they are long enough for a call. */
function* batches(records) {
  for (let start = 0; start < records.length;) {
    const end = records.indexOf('\n', start + BATCH_BYTES) + 1 || records.length;
    yield records.subarray(start, end);
    start = end;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, ...settings] = process.argv.slice(2);
  if (!file || settings.some((setting) => !setting.includes('='))) {
    console.error('usage: node map-extism.mjs PLUGIN.wasm [NAME=VALUE...] < RECORDS.ndjson');
    process.exit(2);
  }
  const plugin = await load(file, Object.fromEntries(settings.map((setting) => setting.split(/=(.*)/s, 2))));
  for (const batch of batches(readFileSync(0))) {
    process.stdout.write((await call(plugin, 'map', batch)).bytes());
  }
  await plugin.close();
}
