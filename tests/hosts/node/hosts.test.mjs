// Mappings and adapters in Node, by jco: run from the project's folder, after `make components`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';

import { isSelected } from './selectors.mjs';
import { Refused } from './simd-json.mjs';
import { Logview, load } from './tangent.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const jco = join(here, 'node_modules/@bytecodealliance/jco/dist/jco.js');
const databases = ['fixtures/geo/City.mmdb', 'fixtures/geo/ASN.mmdb'].map((file) => resolve(file));
/** Where components see them. */
const seen = { EXOTRACE_GEOIP_CITY: '/geo/City.mmdb', EXOTRACE_GEOIP_ASN: '/geo/ASN.mmdb' };
const folder = ['--jco-import', join(here, 'folder.mjs')];
const GEO_FOLDER = 'fixtures/geo';
const settingsFile = 'fixtures/records/settings.json';
const settings = JSON.parse(readFileSync(settingsFile, 'utf8'));
const namesIn = (folder, pattern) => readdirSync(folder).flatMap((file) => file.match(pattern)?.[1] ?? []).sort();
const versions = namesIn('target/components', /^mapping-(.*)\.wasm$/);
const names = namesIn('fixtures/records', /^(.*)\.ndjson$/);
/** Ports of 127.0.0.1 are given to others all the time, also before a server listens there. */
const HOST = '127.0.0.2';
/** The one that adapters are tried with. */
const version = '2.2';

const records = (name) => readFileSync(`fixtures/records/${name}.ndjson`);
const lines = (text) => text.toString('utf8').trimEnd().split('\n').map((line) => JSON.parse(line));

/** What the records of a fixture become. */
function expected(name, version) {
  const outcomes = JSON.parse(readFileSync(`fixtures/records/${name}-${version}-expected.json`, 'utf8'));
  return outcomes.filter((outcome) => 'document' in outcome);
}

/** What is a setting becomes an argument, each as often as it has values. */
const texts = [['local-domain', settings.local_domains], ['tag', settings.tags]]
  .flatMap(([name, values]) => values.map((value) => [name, value]));

async function run(command, given, { code = 0, env = {} } = {}) {
  const child = spawn(process.execPath, command, { env: { ...process.env, ...env } });
  const output = { stdout: [], stderr: [] };
  child.stdout.on('data', (piece) => output.stdout.push(piece));
  child.stderr.on('data', (piece) => output.stderr.push(piece));
  child.stdin.on('error', () => {});
  child.stdin.end(given);
  const [found] = await once(child, 'close');
  const stdout = Buffer.concat(output.stdout);
  const stderr = Buffer.concat(output.stderr).toString('utf8');
  assert.equal(found, code, stderr.slice(0, 2000));
  return { stdout, stderr };
}

test('programs without what they need say how they are called', async () => {
  for (const program of ['map-records.mjs', 'map-events.mjs']) {
    const { stdout, stderr } = await run([join(here, program)], '', { code: 2 });
    assert.equal(stdout.length, 0);
    assert.match(stderr, new RegExp(`^usage: node ${program} .*\\n$`));
  }
});

test('a mapping gives the documents of the fixtures, with a geo function in JavaScript', async () => {
  for (const version of versions) {
    for (const name of names) {
      const command = [join(here, 'map-records.mjs'), `target/components/mapping-${version}.wasm`, settingsFile];
      const { stdout } = await run([...command, ...databases], records(name));
      assert.deepEqual(lines(stdout), expected(name, version).map(({ document }) => document), `${name} ${version}`);
      const host = await ourHost(version, records(name));
      assert.ok(stdout.equals(host), `${name} ${version}: the bytes of our host`);
    }
  }
});

/** What our own host makes of records: the example that embeds it. */
async function ourHost(version, given) {
  const child = spawn('target/release/examples/embed', [`target/components/mapping-${version}.wasm`, settingsFile, ...databases]);
  const pieces = [];
  child.stdout.on('data', (piece) => pieces.push(piece));
  child.stdin.end(given);
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  return Buffer.concat(pieces);
}

test('`jco run` runs the command, with geo databases from a file', async () => {
  const settings = texts.flatMap(([name, value]) => [`--${name}`, value]);
  const geo = ['--geoip-city', seen.EXOTRACE_GEOIP_CITY, '--geoip-asn', seen.EXOTRACE_GEOIP_ASN];
  const command = [jco, 'run', ...folder, `target/components/cli-${version}.wasm`, ...settings, ...geo, '--with-id'];
  for (const name of ['well-formed', 'escapes', 'dates']) {
    const { stdout } = await run(command, records(name), { env: { GEO_FOLDER } });
    assert.deepEqual(lines(stdout), expected(name, version), name);
  }
});

test('`jco serve` answers requests with documents, and says what is wrong with a request', async (t) => {
  const port = await freePort();
  const command = [jco, 'serve', ...folder, `target/components/http-${version}.wasm`, '--host', HOST, '--port', `${port}`];
  const server = spawn(process.execPath, [...command, '--isolate-worker-pool-size', '1'], {
    env: { ...process.env, ...seen, GEO_FOLDER },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  t.after(() => process.kill(-server.pid));
  const url = `http://${HOST}:${port}/`;
  assert.deepEqual(await (await answering(url)).json(), {
    name: 'exotrace message trace to ECS', mapping_version: `${version}.0`, ecs_version: '8.11.0',
    schema: { name: 'ecs', version: '8.11.0' }, options_schema: null,
  });
  const query = new URLSearchParams([...texts, ['with-id', 'true']]);
  const post = (path, body, headers = {}) => fetch(url + path, { method: 'POST', body, headers });
  const answer = await post(`?${query}`, records('well-formed'));
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'application/x-ndjson');
  assert.deepEqual(lines(Buffer.from(await answer.arrayBuffer())), expected('well-formed', version));
  for (const name of ['odd', 'broken', 'escapes', 'dates']) {
    const answer = await post(`?${query}`, records(name));
    assert.deepEqual(lines(Buffer.from(await answer.arrayBuffer())), expected(name, version), name);
  }

  const check = async (asked, status, text) => {
    const answer = await asked;
    assert.equal(answer.status, status);
    assert.match(await answer.text(), text);
  };
  await check(post('?no-such=1', '{}'), 400, /^error: there is no setting `no-such`\nhint: there are `local-domain`/);
  await check(post('?geoip-city=x', '{}'), 400, /`geoip-city` names a file, which only the environment may/);
  await check(post('?fields=x', '{}'), 400, /^error: mapping refuses its settings: fields to add: /);
  await check(post('?options={}', '{}'), 400, /^error: mapping refuses its settings: this mapping version has no rule for `options`/);
  const ofTenant = await post('?tenant-id=contoso.com&tenant-name=Contoso', records('well-formed'));
  assert.deepEqual(lines(Buffer.from(await ofTenant.arrayBuffer()))[0].organization, { name: 'Contoso' });
  await check(post('', Buffer.from('{}\n"\xe9"\n', 'latin1')), 400, /^error: line 2: not UTF-8 at byte 1\nhint: /);
  await check(post('', '{}', { 'content-encoding': 'gzip' }), 415, /compressed/);
  await check(fetch(url, { method: 'PUT', body: '{}' }), 405, /POST records/);
  const longest = 64 * 1024 * 1024;
  await check(post('', Buffer.alloc(longest, ' ')), 200, /^$/);
  await check(post('', Buffer.alloc(longest + 1, '\n')), 413, /^error: the request is longer than 67108864 bytes\nhint: /);
});

async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** The first answer: the server needs a while to begin. */
async function answering(url) {
  const deadline = Date.now() + 120_000;
  for (;;) {
    try {
      return await fetch(url);
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((done) => setTimeout(done, 100));
    }
  }
}

const environment = {
  EXOTRACE_LOCAL_DOMAIN: settings.local_domains.join(','),
  EXOTRACE_TAG: settings.tags.join(','),
};
const tangent = `target/components/tangent-${version}.wasm`;

/** What Tangent's plugin should answer: what `exotrace map` does of the same records, without geo. */
async function mapped(given) {
  const options = texts.flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn('target/release/exotrace', ['map', '--mapping', version, '--with-id', ...options]);
  const [pieces, said] = [[], []];
  child.stdout.on('data', (piece) => pieces.push(piece));
  child.stderr.on('data', (piece) => said.push(piece));
  child.stdin.end(given);
  const [code] = await once(child, 'close');
  // 1 refuses a date whose day and month nobody can tell apart; 2 says that no record is message trace, as of some odd ones.
  const isAmbiguous = code === 1 && `${Buffer.concat(said)}`.includes('cannot be told apart');
  assert.ok(code === 0 || code === 2 || isAmbiguous, `exit code ${code}: ${Buffer.concat(said)}`);
  return isAmbiguous ? [] : lines(Buffer.concat(pieces));
}

test('a plugin of Tangent selects records and maps them', async () => {
  const plugin = await load(tangent, { ...environment, EXOTRACE_WITH_ID: 'true' });
  assert.deepEqual(plugin.metadata, { name: 'exotrace message trace to ECS', version: `${version}.0` });
  const events = records('well-formed').toString('utf8').trimEnd().split('\n');
  const takes = (event) => isSelected(plugin.selectors, new Logview(event));
  assert.ok(events.every(takes));
  assert.ok(!takes('{"receivedDateTime":"2026-01-02"}'));
  assert.ok(!takes('{"Received":1,"recipientAddress":"x"}'));
  // Tangent hands events on with their line feeds.
  const documents = lines(plugin.deliver(events.map((event) => `${event}\n`)));
  const expected = await mapped(records('well-formed'));
  assert.equal(documents.length, expected.length);
  for (const [index, event] of events.entries()) {
    assert.deepEqual(withOriginalParsed(documents[index]), withOriginalParsed(expected[index]), event);
  }
  assert.equal(plugin.process([]), '');
  assert.equal(plugin.deliver(['{"receivedDateTime":"2026-01-02"}']), '', 'without a recipient Tangent drops it');
  assert.equal(Logview.logCalls, 0);
});

/** The plugin serializes `event.original` again: the same JSON, with other escapes, and with the members in its own order. */
function withOriginalParsed({ _id, document }) {
  const { original } = document.event;
  assert.equal(original, original.trim());
  return { _id, document: { ...document, event: { ...document.event, original: JSON.parse(original) } } };
}

/** In which way a document is another one; all of it, when the way is none of those that are expected. */
function difference(found, wanted) {
  const trace = ({ document }) => document.microsoft.online_message_trace;
  const names = Object.keys(trace(wanted)).filter((name) => !(name in trace(found)));
  if (names.length > 0 && found._id === wanted._id) return 'other names';
  if (/ is not a date: /.test(found.document.error?.message)) return 'date';
  const parsed = ({ document }) => withOriginalParsed({ document }).document;
  if (isDeepStrictEqual(parsed(found), parsed(wanted))) return '_id';
  const withoutOriginal = ({ document: { event: { original, ...event }, ...document } }) => ({ ...document, event });
  const halves = JSON.parse(JSON.stringify(withoutOriginal(wanted)).replaceAll('\ufffd', '\\u0000'));
  if (isDeepStrictEqual(withoutOriginal(found), halves)) return 'half a pair';
  return JSON.stringify([found, wanted]);
}

test('a plugin of Tangent gives what `exotrace map` does, escapes, dates and odd values included', async () => {
  const plugin = await load(tangent, { ...environment, EXOTRACE_WITH_ID: 'true' });
  const notTaken = [];
  const different = [];
  for (const name of ['odd', 'broken', 'escapes', 'dates']) {
    const events = records(name).toString('utf8').split('\n').filter((line) => line.trim());
    for (const [index, event] of events.entries()) {
      let found;
      try {
        found = plugin.deliver([event]);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
      }
      if (!found) {
        notTaken.push(`${name} ${index + 1}: ${found === undefined ? 'ends the worker' : 'dropped'}`);
        continue;
      }
      const [wanted] = await mapped(event);
      const [document] = lines(found);
      if (!wanted) {
        assert.match(`${document.document.error.message}`, / is not a date: /);
        different.push(`${name} ${index + 1}: ambiguous`);
        continue;
      }
      const isSame = isDeepStrictEqual(withOriginalParsed(document), withOriginalParsed(wanted));
      if (!isSame) different.push(`${name} ${index + 1}: ${difference(document, wanted)}`);
    }
  }
  const dropped = (name, ...numbers) => numbers.map((number) => `${name} ${number}: dropped`);
  const ends = (name, ...numbers) => numbers.map((number) => `${name} ${number}: ends the worker`);
  assert.deepEqual(notTaken.sort(), [
    // Without a date or a recipient.
    ...dropped('odd', 1, 11, 13), ...dropped('broken', 4, 5, 6, 7, 8, 9, 11, 16, 17, 18),
    // No JSON, an integer of more than 64 bits, the second half of a pair of surrogates alone.
    ...ends('odd', 12), ...ends('broken', 1, 2, 3), ...ends('escapes', 8),
  ].sort());
  assert.deepEqual(different.sort(), [
    // The first half of a pair of surrogates alone becomes U+0000 in the parser, U+FFFD in the mapping.
    'odd 9: half a pair', 'escapes 7: half a pair',
    // Nothing lists the names of an event.
    'escapes 6: other names', 'escapes 9: other names',
    // The program reads the forms of dates that files hold, a mapping those of the service.
    'broken 10: date', 'dates 18: date', 'dates 20: date', 'dates 47: date', 'dates 49: date',
    // The program refuses them: day and month cannot be told apart.
    'dates 19: ambiguous', 'dates 48: ambiguous',
    // That of a failed record is made of the record as it is, of which this has another order.
    'broken 15: _id',
  ].sort());
  assert.equal(Logview.logCalls, 0);
});

test('the host of these tests answers `log` from the buffer that Tangent has unescaped', () => {
  const check = (event, log) => {
    const view = new Logview(event);
    assert.equal(view.log(), log);
  };
  check('{"a":"Order 17 \\u0026 18","b":1}', '{"a":"Order 17 & 1826 18","b":1}');
  check('{"a":"\\u003c0002@contoso.com\\u003e"}', '{"a":"<0002@contoso.com>.com\\u003e"}');
  check('{"a":"Gr\\u00fc\\u00dfe"}', '{"a":"Grüßec\\u00dfe"}');
  check('{"a":"plain"}', '{"a":"plain"}');
  assert.throws(() => new Logview('{"x":"\\"€€€€"}').log(), TypeError);
  assert.equal(Logview.logCalls, 5);
  Logview.logCalls = 0;
});

test('the host of these tests reads events as the parser of Tangent does', () => {
  const get = (event) => new Logview(event).get('a');
  assert.deepEqual(get('{"a":18446744073709551615}'), { tag: 'int', val: -1n });
  assert.deepEqual(get('{"a":9007199254740993}'), { tag: 'int', val: 9007199254740993n });
  assert.deepEqual(get('{"a":1.50}'), { tag: 'float', val: 1.5 });
  assert.deepEqual(get('{"a":1,"a":2}'), { tag: 'int', val: 1n });
  assert.deepEqual(get('{"a":"\\ud83d half \\u00fc\\ud83d\\ude00"}'), { tag: 'str', val: '\0 half ü😀' });
  assert.equal(get('{"a":null}'), undefined);
  assert.ok(new Logview('{"a":null}').has('a'));
  for (const refused of [
    '{"a":12345678901234567890123}', '{"a":"\\ude00"}', '{"a":"\\ud83d\\u0041"}', '{"a":01}', '{"a":1e999}', '{"a":"\t"}',
    '{"a":1} x', '{', '', 'not JSON', '{"a":1,}', '{"a" 1}', '{"a":"\\x"}',
  ]) assert.throws(() => new Logview(refused), Refused, refused);
});

test('the host of these tests selects as Tangent does', () => {
  const event = new Logview('{"a":{"b":[{"c":"text"}],"n":null},"i":5,"f":5.5,"t":true,"x.y":"dotted"}');
  const check = (predicate, expected) => {
    const none = { any: [], all: [], none: [] };
    const message = JSON.stringify(predicate, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
    assert.equal(isSelected([{ ...none, all: [predicate] }], event), expected, message);
    assert.equal(isSelected([{ ...none, any: [predicate] }], event), expected, message);
    assert.equal(isSelected([{ ...none, none: [predicate] }], event), !expected, message);
  };
  const [str, int, float] = ['str', 'int', 'float'].map((tag) => (val) => ({ tag, val }));
  for (const path of ['a', 'a.n', 'a.b', 'a.b[0].c', 'x.y', 'i']) check({ tag: 'has', val: path }, true);
  for (const path of ['b', 'a.b[1]', 'a.b[0].c.d', 'length', 'a.b.length', 'x']) check({ tag: 'has', val: path }, false);
  for (const [path, wanted] of [
    ['a.b[0].c', str('text')], ['i', int(5n)], ['i', float(5)], ['f', float(5.5)], ['t', { tag: 'boolean', val: true }],
  ]) check({ tag: 'eq', val: [path, wanted] }, true);
  for (const [path, wanted] of [
    ['a.b[0].c', str('tex')], ['i', str('5')], ['i', int(6n)], ['f', int(5n)], ['a', str('')], ['none', str('')],
  ]) check({ tag: 'eq', val: [path, wanted] }, false);
  check({ tag: 'prefix', val: ['a.b[0].c', 'te'] }, true);
  check({ tag: 'prefix', val: ['a.b[0].c', 'ext'] }, false);
  check({ tag: 'prefix', val: ['i', '5'] }, false);
  check({ tag: 'in', val: ['i', [str('5'), int(5n)]] }, true);
  check({ tag: 'in', val: ['i', [str('5')]] }, false);
  check({ tag: 'in', val: ['i', []] }, false);
  check({ tag: 'gt', val: ['f', 5.4] }, true);
  check({ tag: 'gt', val: ['i', 5] }, false);
  check({ tag: 'gt', val: ['a.b[0].c', 0] }, false);
  check({ tag: 'regex', val: ['a.b[0].c', '^t.*t$'] }, true);
  check({ tag: 'regex', val: ['a.b[0].c', '^x'] }, false);
  check({ tag: 'regex', val: ['i', '5'] }, false);
  assert.ok(!isSelected([], event));
});

test('a plugin of Tangent maps without a file that it cannot read, and says it once', async () => {
  const files = { EXOTRACE_GEOIP_CITY: '/geo/City.mmdb', EXOTRACE_GEOIP_ASN: 'a.mmdb', EXOTRACE_SUFFIX_LIST: 'list.dat' };
  const given = Buffer.concat(Array(400).fill(records('well-formed')));
  const command = [join(here, 'map-events.mjs'), tangent];
  const { stdout, stderr } = await run(command, given, { env: { ...environment, ...files } });
  const documents = lines(stdout);
  assert.equal(documents.length, 2800, 'several batches');
  assert.ok(documents.every((document) => !('error' in document)));
  const said = stderr.match(/^warning: mapping without a file: could not read (?:geo database|public suffix list) `.*`/gm);
  assert.deepEqual(said?.map((line) => line.match(/`.*`/)[0]), ['`/geo/City.mmdb`', '`a.mmdb`', '`list.dat`']);
  assert.match(stderr, /^hint: Tangent gives a plugin no folder; `make tangent GEOIP_CITY=/m);
});

test('a plugin of Tangent with wrong settings keeps the records, and says what is wrong', async () => {
  const plugin = await load(tangent, { ...environment, EXOTRACE_FIELDS: 'x' });
  const event = '{"receivedDateTime":"2026-01-02","recipientAddress":"a@b.example"}';
  const [document] = lines(plugin.process([`${event}\n`]));
  assert.equal(document.event.original, event);
  assert.match(document.error.message[0], /^mapping refuses its settings: fields to add: /);
});

test('a plugin of Tangent has the geo databases that were built in', async () => {
  const plugin = await load(`target/tangent/tangent-${version}.wasm`, environment);
  const events = records('well-formed').toString('utf8').trimEnd().split('\n');
  const geo = (document) => ['source', 'destination'].map((end) => [document[end]?.geo, document[end]?.as]);
  const documents = lines(plugin.deliver(events));
  assert.deepEqual(documents.map(geo), expected('well-formed', version).map(({ document }) => geo(document)));
  assert.ok(JSON.stringify(documents).includes('city_name'));
});
