// The plug-in of Extism in Node: run from the project's folder, by `make engines`.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { call, load } from './map-extism.mjs';

const file = 'target/modules/extism.wasm';
const versions = ['1.20', '2.2', '3.0', 'ocsf-1.8'];
const names = readdirSync('fixtures/records').flatMap((name) => name.match(/^(.*)\.ndjson$/)?.[1] ?? []);

async function lines(plugin, records, name = 'map') {
  const output = await call(plugin, name, records);
  return output.text().split('\n').filter((line) => line).map((line) => JSON.parse(line));
}

for (const version of versions) {
  test(`documents are those of mapping ${version}`, async () => {
    const plugin = await load(file, { mapping: version });
    for (const name of names) {
      const records = readFileSync(`fixtures/records/${name}.ndjson`);
      const outcomes = JSON.parse(readFileSync(`fixtures/records/${name}-${version}-expected.json`, 'utf8'));
      const kept = outcomes.filter((outcome) => 'document' in outcome);
      const found = (await lines(plugin, records)).map(({ exotrace_id: _id, ...document }) => ({ _id, document }));
      assert.deepEqual(found, kept, name);
      const each = (await lines(plugin, records, 'map_each')).map(({ outcome }) => outcome === 'dropped');
      assert.deepEqual(each, outcomes.map((outcome) => 'dropped' in outcome), name);
    }
    await plugin.close();
  });
}

test('no record fails its call', async () => {
  const plugin = await load(file, { tags: 'a' });
  const found = await lines(plugin, Buffer.from('{"subject":"\xff"}\nnot JSON\n\n[]\n', 'latin1'));
  assert.equal(found.length, 3);
  assert.equal(found[0].error.message[0], 'record is not UTF-8 at byte 12');
  await plugin.close();
});

test('records in the middle of a buffer are those that are mapped', async () => {
  const plugin = await load(file, {});
  const all = Buffer.from('{"id":"1"}\n{"id":"2"}\n{"id":"3"}\n');
  assert.equal((await lines(plugin, all.subarray(11, 22))).length, 1);
  await plugin.close();
});

test('settings that cannot be used are refused with the reason', async () => {
  const plugin = await load(file, { local_domains: 'https://contoso.com' });
  await assert.rejects(plugin.call('map', ''), /setting `local_domains`: `https:\/\/contoso.com` is a URL/);
  await plugin.close();
});

test('the example of the page runs', async () => {
  const code = readFileSync('guest/docs/extism.md', 'utf8').match(/```js\n(.*?)```/s)[1];
  const body = code.replace(/^import .*\n/gm, '').replace('extism.wasm', file);
  const { default: createPlugin } = await import('@extism/extism');
  const AsyncFunction = (async () => {}).constructor;
  const documents = await new AsyncFunction('createPlugin', 'readFileSync', `${body}\nreturn documents;`)(createPlugin, readFileSync);
  assert.match(documents, /"direction":"outbound"/);
});
