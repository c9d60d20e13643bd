// Maps an input, in slices: between two of them the worker hears what the page wants.

import { Refused, told } from "./refused.js";
import { MOST_CHARACTERS, Store } from "./store.js";

/** How long a slice is, in milliseconds. */
const SLICE = 50;

/** Of notices with the same text, how many are named. */
const MOST_NAMED = 3;

export class Run {
  constructor(host, mappings, report) {
    Object.assign(this, { host, mappings, report });
    this.store = new Store(mappings.length);
    this.notices = [];
    this.losses = 0;
    this.isStopped = false;
  }

  stop() {
    this.isStopped = true;
  }

  /** Maps all of it; the summary says what became of the records, and what went wrong on the way. */
  async map(blob, order) {
    const began = performance.now();
    const summary = (error) => this.#summary(performance.now() - began, error);
    let records;
    try {
      records = this.host.read(blob, order);
      let isEnd = false;
      while (!isEnd && !this.isStopped) {
        isEnd = this.#slice(records);
        this.report({ count: this.store.count, milliseconds: performance.now() - began });
        await new Promise((resume) => setTimeout(resume));
      }
      return summary();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return summary(error);
    } finally {
      records?.[Symbol.dispose ?? Symbol.for("dispose")]?.();
    }
  }

  /** Maps for a while; says whether that was all. */
  #slice(records) {
    const end = performance.now() + SLICE;
    while (performance.now() < end) {
      let batch;
      try {
        batch = this.host.next(records);
      } finally {
        this.#hear(records.notices());
      }
      if (!batch) return true;
      if (batch.count === 0) continue;
      this.kind ??= this.host.reader.kind(batch.records.split("\n").find((it) => it !== ""));
      const answers = this.mappings.map((mapping) => mapping.map(batch.records));
      this.store.add(batch, answers, (record) => !this.host.reader.isOfMessageTrace(record));
      if (this.store.isFull) {
        throw new Refused(
          `the page keeps ${MOST_CHARACTERS / 2 ** 20} million characters of records and documents, and there are more`,
          "map the file with `exotrace map`, whose line is below the settings",
        );
      }
    }
    return false;
  }

  #hear(notices) {
    for (const { line, text, hint, isLoss } of notices) {
      this.losses += isLoss ? 1 : 0;
      const kind = hint ?? text;
      const same = this.notices.find((it) => it.kind === kind);
      if (same && same.named.length >= MOST_NAMED) same.more += 1;
      else if (same) same.named.push({ line: Number(line), text });
      else this.notices.push({ kind, hint, isLoss, named: [{ line: Number(line), text }], more: 0 });
    }
  }

  #summary(milliseconds, error) {
    const { store } = this;
    return {
      count: store.count,
      totals: store.totals,
      losses: this.losses,
      notices: this.notices,
      different: store.rows.different.length,
      troubled: store.rows.troubled.length,
      fields: { compared: store.fields.compared, list: store.fields.list() },
      kind: this.kind,
      milliseconds,
      isStopped: this.isStopped,
      error: error && told(error),
    };
  }
}
