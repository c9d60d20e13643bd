// What came of the records, kept so that any part of it can be shown.

import { FieldDifferences } from "./fields.js";
import { lines } from "./lines.js";

/** How much text is kept, in characters: records and documents. */
export const MOST_CHARACTERS = 512 * 1024 * 1024;

/** Which rows can be shown alone. */
const FILTERS = {
  different: (sides) => sides.length === 2 && sides[0].document !== sides[1].document,
  troubled: (sides) => sides.some(({ outcome }) => outcome.tag !== "mapped"),
};

export class Store {
  constructor(sideCount) {
    this.sideCount = sideCount;
    this.batches = [];
    this.count = 0;
    this.characters = 0;
    this.fields = new FieldDifferences();
    this.rows = Object.fromEntries(Object.keys(FILTERS).map((name) => [name, []]));
    this.totals = Array.from({ length: sideCount }, () => ({ mapped: 0, failed: 0, strange: 0, dropped: 0, rejected: 0 }));
  }

  get isFull() {
    return this.characters > MOST_CHARACTERS;
  }

  /** Keeps a batch with the answer of each mapping; `isStrange` says whether a record is not message trace. */
  add({ records, line }, answers, isStrange) {
    const batch = { records, line, first: this.count, answers };
    const found = lines(records);
    const sides = answers.map((answer) => documentsOf(answer));
    for (const [at, record] of found.entries()) {
      const row = sides.map((side) => side[at]);
      for (const [side, { outcome }] of row.entries()) {
        const kind = outcome.tag === "failed" && isStrange(record) ? "strange" : outcome.tag;
        this.totals[side][kind] += 1;
      }
      for (const [name, filter] of Object.entries(FILTERS)) {
        if (filter(row)) this.rows[name].push(this.count + at);
      }
      if (FILTERS.different(row)) this.fields.add(row[0].document, row[1].document);
    }
    this.batches.push(batch);
    this.count += found.length;
    this.characters += records.length + answers.reduce((sum, { documents }) => sum + documents.length, 0);
  }

  /** Some rows, from the one with number `from` of those that `filter` lets through. */
  view({ from, count, filter }) {
    const numbers = this.rows[filter];
    const total = numbers ? numbers.length : this.count;
    const rows = [];
    for (let at = from; at < Math.min(from + count, total); at += 1) rows.push(this.#row(numbers ? numbers[at] : at));
    return { rows, total };
  }

  #row(number) {
    const batch = this.batches[this.#batchOf(number)];
    const at = number - batch.first;
    const sides = batch.answers.map((answer) => documentsOf(answer)[at]);
    return { number: number + 1, record: lines(batch.records)[at], sides };
  }

  #batchOf(number) {
    let [low, high] = [0, this.batches.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.batches[middle].first <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** All documents of one mapping, as `exotrace map` prints them. */
  documents(side) {
    return new Blob(this.batches.map(({ answers }) => answers[side].documents), { type: "application/x-ndjson" });
  }
}

/** Every outcome with its document. */
function documentsOf({ documents, outcomes }) {
  const found = documents.split("\n");
  let next = 0;
  return outcomes.map((outcome) => {
    const hasDocument = outcome.tag === "mapped" || outcome.tag === "failed";
    return { outcome: plain(outcome), document: hasDocument ? found[next++] : undefined };
  });
}

/** An outcome that a message can hold. */
function plain({ tag, val }) {
  return typeof val === "object" ? { tag, id: val.id, reason: val.reason } : { tag, reason: val };
}
