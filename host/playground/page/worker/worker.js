// All work is done here, so that the page itself is never busy. Answers `{ id, call, given }` with `{ id, result }` or
// `{ id, error }`; while it maps, it tells how far it is.

import { Host } from "./host.js";
import { Mapping } from "./mapping.js";
import { part } from "./parts.js";
import { Refused, told } from "./refused.js";
import { Run } from "./run.js";
import { Store } from "./store.js";

let host;
const mappings = new Map();
const databases = new Map();
let run;
let store = new Store(1);

const calls = {
  async start() {
    host = await Host.load();
  },

  /** Loads a mapping: one that the page brings, or the bytes of a file. */
  async load({ key, name, bytes }) {
    if (!mappings.has(key)) {
      const mapping = await Mapping.load(bytes ?? (await part(key)), name, bytes === undefined, host.lookup);
      mappings.set(key, mapping);
    }
    return mappings.get(key).description;
  },

  /** Keeps a geo database, one that the page brings or the bytes of a file, and says what it is. */
  async keepDatabase({ key, name, bytes }) {
    const database = { key, name, bytes: bytes ?? (await part(key)) };
    host.openKeys = "";
    const about = host.openDatabase(database.bytes, name);
    databases.set(key, database);
    return about;
  },

  /** What is wrong with the fields, and the settings that they make. */
  checkSettings(form) {
    return host.settings(form);
  },

  async map({ blob, order, settings, keys, databaseKeys }) {
    if (run) throw new Refused("the page maps already", "stop it first");
    const used = keys.map((key) => mappings.get(key));
    host.useDatabases(databaseKeys.map((key) => databases.get(key)));
    for (const mapping of used) mapping.open(settings);
    run = new Run(host, used, (progress) => postMessage({ progress }));
    store = run.store;
    try {
      return await run.map(blob, order);
    } finally {
      run = undefined;
    }
  },

  stop() {
    run?.stop();
  },

  view: (what) => store.view(what),

  documents: (side) => store.documents(side),
};

addEventListener("message", async ({ data: { id, call, given } }) => {
  try {
    postMessage({ id, result: await calls[call](given) });
  } catch (error) {
    postMessage({ id, error: told(error) });
  }
});

postMessage({ loaded: true });
