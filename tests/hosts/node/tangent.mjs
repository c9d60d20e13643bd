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

  /** What is at a path such as `a.b[0].c`, or at the key that is spelt like it. */
  #at(path) {
    if (Object.hasOwn(this.#event, path)) return this.#event[path];
    const steps = path.split('.').flatMap((step) => {
      const [name, ...indexes] = step.split('[');
      return [name, ...indexes.map((index) => Number.parseInt(index, 10))];
    });
    return steps.reduce(member, this.#event);
  }

  has(path) { return this.#at(path) !== undefined; }

  get(path) { return scalar(this.#at(path)); }

  len(path) {
    const value = this.#at(path);
    return typeof value === 'string' ? Buffer.byteLength(value) : value?.length;
  }

  getList(path) {
    const value = this.#at(path);
    return Array.isArray(value) ? value.map(scalar).filter(Boolean) : undefined;
  }

  getMap(path) {
    const value = this.#at(path);
    if (!isMap(value)) return undefined;
    return Object.entries(value).map(([name, member]) => [name, scalar(member)]).filter(([, member]) => member);
  }

  keys(path) {
    const value = this.#at(path);
    return isMap(value) ? Object.keys(value) : [];
  }

  log() { return this.#text; }
}

/** What a name or an index stands for in a value, if it is a map or a list. */
function member(value, step) {
  if (typeof step === 'number') return Array.isArray(value) ? value[step] : undefined;
  return isMap(value) && Object.hasOwn(value, step) ? value[step] : undefined;
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
