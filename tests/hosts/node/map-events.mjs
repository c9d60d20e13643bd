// Maps events with a plugin of Tangent, in the host of the tests: NDJSON on standard input, documents on standard output.
//
//     node map-events.mjs PLUGIN.wasm [GEO_FOLDER]

import { readFileSync, writeSync } from 'node:fs';

import { load } from './tangent.mjs';

/** How many events a plugin gets at once. */
const BATCH = 1000;

const [component, geoFolder = '.'] = process.argv.slice(2);
const plugin = await load(component, process.env, geoFolder);
const events = readFileSync(0, 'utf8').split('\n').filter((line) => line);
for (let start = 0; start < events.length; start += BATCH) {
  let rest = Buffer.from(plugin.process(events.slice(start, start + BATCH)));
  while (rest.length) rest = rest.subarray(writeSync(1, rest));
}
