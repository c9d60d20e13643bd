// Maps events with a plugin of Tangent, in the host of the tests: NDJSON on standard input, documents on standard output.
//
//     node map-events.mjs PLUGIN.wasm

import { text } from 'node:stream/consumers';

import { load } from './tangent.mjs';

/** How many events a plugin gets at once. */
const BATCH = 1000;

const [component, ...others] = process.argv.slice(2);
if (!component || others.length) {
  console.error('usage: node map-events.mjs PLUGIN.wasm < EVENTS.ndjson');
  process.exit(2);
}
const plugin = await load(component, process.env);
const events = (await text(process.stdin)).split('\n').filter((line) => line);
for (let start = 0; start < events.length; start += BATCH) {
  process.stdout.write(plugin.process(events.slice(start, start + BATCH)));
}
