// A host for plugins of Tangent, of our own: it has the imports of the world `processor` of `tangent:logs@0.1.0`,
// gives events to the plugin as Tangent 0.1.9 was seen to on 2026-11-28, and takes an error for what it is there, a
// batch that is skipped. The plugin sees the environment and no folder.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { transpile } from '@bytecodealliance/jco';
import { _setEnv } from '@bytecodealliance/preview2-shim/cli';
import { _clearPreopens } from '@bytecodealliance/preview2-shim/filesystem';

import { isSelected } from './selectors.mjs';
import { parse } from './simd-json.mjs';

/** One event, as plugins see it. */
class Logview {
  /** How often `log` was called. */
  static logCalls = 0;

  #buffer;
  #event;

  /** Throws where Tangent's worker ends: at a line that its parser refuses. */
  constructor(text) {
    this.#buffer = Buffer.from(text);
    this.#event = parse(this.#buffer);
  }

  /** What is at a path such as `a.b[0].c`, or at the key that is spelt like it. */
  #at(path) {
    if (this.#event instanceof Map && this.#event.has(path)) return this.#event.get(path);
    return path.split('.').reduce(step, this.#event);
  }

  has(path) { return this.#at(path) !== undefined; }

  get(path) { return scalar(this.#at(path)); }

  len(path) {
    const value = this.#at(path);
    if (typeof value === 'string') return Buffer.byteLength(value);
    return Array.isArray(value) ? value.length : undefined;
  }

  getList(path) {
    const value = this.#at(path);
    return Array.isArray(value) ? value.map(scalar).filter(Boolean) : undefined;
  }

  getMap(path) {
    const value = this.#at(path);
    if (!(value instanceof Map)) return undefined;
    return [...value].map(([name, member]) => [name, scalar(member)]).filter(([, member]) => member);
  }

  keys(path) {
    const value = this.#at(path);
    return value instanceof Map ? [...value.keys()] : [];
  }

  /** The buffer that the event was parsed in: where a string had an escape, it is another text, or none. */
  log() {
    Logview.logCalls += 1;
    return new TextDecoder('utf-8', { fatal: true }).decode(this.#buffer);
  }
}

/** What `name[0][1]` stands for in a value, if it is a map, and lists in it. */
function step(value, segment) {
  const [name, ...indexes] = segment.split('[');
  const member = value instanceof Map ? value.get(name) : undefined;
  return indexes.reduce((list, index) => (Array.isArray(list) ? list[Number.parseInt(index, 10)] : undefined), member);
}

function scalar(value) {
  if (typeof value === 'string') return { tag: 'str', val: value };
  if (typeof value === 'boolean') return { tag: 'boolean', val: value };
  // Tangent has integers of 64 bits without a sign as well, and hands their bits on.
  if (typeof value === 'bigint') return { tag: 'int', val: BigInt.asIntN(64, value) };
  if (typeof value === 'number') return { tag: 'float', val: value };
  return undefined;
}

/** Loads a plugin, which sees this environment, and no folder. */
export async function load(component, environment) {
  _setEnv(environment);
  _clearPreopens();
  const map = { 'tangent:logs/log': './log.js' };
  const { files } = await transpile(readFileSync(component), { name: 'plugin', map });
  // Beside the modules that the generated code imports.
  const folder = mkdtempSync(join(dirname(fileURLToPath(import.meta.url)), 'plugin-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(join(folder, 'log.js'), `export { Logview } from ${JSON.stringify(import.meta.url)};`);
    const { mapper } = await import(pathToFileURL(join(folder, 'plugin.js')));
    const selectors = mapper.probe();
    const process = (events) => Buffer.from(mapper.processLogs(events)).toString('utf8');
    return {
      metadata: mapper.metadata(),
      selectors,
      /** The documents of these events, regardless of the selectors. */
      process: (texts) => process(texts.map((text) => new Logview(text))),
      /** The documents of a batch of lines, of which Tangent drops those that no selector takes. */
      deliver: (texts) => process(texts.map((text) => new Logview(text)).filter((event) => isSelected(selectors, event))),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export { Logview };
