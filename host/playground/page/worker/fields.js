// Which fields of two documents differ.

/** The values of a document by the paths of their fields. */
function flatten(value, path, into) {
  if (typeof value !== "object" || value === null) {
    into.set(path, JSON.stringify(value));
  } else if (Array.isArray(value)) {
    into.set(path, JSON.stringify(value));
  } else {
    for (const [key, inner] of Object.entries(value)) flatten(inner, path ? `${path}.${key}` : key, into);
  }
  return into;
}

/** Counts, field by field, in how many documents two mappings differ. */
export class FieldDifferences {
  /** How many pairs of documents are compared: enough to see every kind of record. */
  static MOST = 1000;

  constructor() {
    this.fields = new Map();
    this.compared = 0;
  }

  add(left, right) {
    if (this.compared >= FieldDifferences.MOST) return;
    this.compared += 1;
    const [one, other] = [left, right].map((document) => flatten(document ? JSON.parse(document) : {}, "", new Map()));
    for (const path of new Set([...one.keys(), ...other.keys()])) {
      if (one.get(path) === other.get(path)) continue;
      const counts = this.fields.get(path) ?? { path, onlyLeft: 0, onlyRight: 0, different: 0 };
      counts[!other.has(path) ? "onlyLeft" : !one.has(path) ? "onlyRight" : "different"] += 1;
      this.fields.set(path, counts);
    }
  }

  list() {
    return [...this.fields.values()].sort((one, other) => (one.path < other.path ? -1 : 1));
  }
}
