// A host for plugins of Tangent, of our own: it has the imports of the world `processor` of `tangent:logs@0.1.0`,
// gives events to the plugin as Tangent does, and takes an error for what it is there, a batch that is skipped.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { transpile } from '@bytecodealliance/jco';
import { _setEnv } from '@bytecodealliance/preview2-shim/cli';
import { _setPreopens } from '@bytecodealliance/preview2-shim/filesystem';

/** One event, as plugins see it. */
class Logview {
  #text;
  #event;

  constructor(text) {
    this.#text = text;
    this.#event = JSON.parse(text);
  }

  #at(path) {
    return path.split('.').reduce((value, name) => value?.[name], this.#event);
  }

  has(path) { return this.#at(path) !== undefined; }

  get(path) { return scalar(this.#at(path)); }

  len(path) { return this.#at(path)?.length; }

  getList(path) {
    const value = this.#at(path);
    return Array.isArray(value) ? value.map(scalar).filter(Boolean) : undefined;
  }

  getMap(path) {
    const value = this.#at(path);
    return isMap(value) ? Object.entries(value).map(([name, member]) => [name, scalar(member)]) : undefined;
  }

  keys(path) {
    const value = this.#at(path);
    return isMap(value) ? Object.keys(value) : [];
  }

  log() { return this.#text; }
}

function isMap(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function scalar(value) {
  if (typeof value === 'string') return { tag: 'str', val: value };
  if (typeof value === 'boolean') return { tag: 'boolean', val: value };
  if (Number.isSafeInteger(value)) return { tag: 'int', val: BigInt(value) };
  if (typeof value === 'number') return { tag: 'float', val: value };
  return undefined;
}

/** Whether an event is for a plugin: any of its selectors, whose predicates hold as their lists say. */
export function isSelected(selectors, text) {
  const event = new Logview(text);
  const holds = (predicate) => {
    if (predicate.tag !== 'has') throw new Error(`this host has no predicate \`${predicate.tag}\``);
    return event.has(predicate.val);
  };
  return selectors.some(({ any, all, none }) =>
    (any.length === 0 || any.some(holds)) && all.every(holds) && !none.some(holds));
}

/** Loads a plugin, which sees this environment, and this folder as `/geo`. */
export async function load(component, environment, geoFolder) {
  _setEnv(environment);
  _setPreopens({ '/geo': resolve(geoFolder) });
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
    return {
      metadata: mapper.metadata(),
      selectors: mapper.probe(),
      process: (texts) => Buffer.from(mapper.processLogs(texts.map((text) => new Logview(text)))).toString('utf8'),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export { Logview };
