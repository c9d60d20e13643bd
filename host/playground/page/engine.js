// The worker that does the work, from the page's side. One that does not answer is ended, and another one begun.

/** How long a mapping may take for one batch, in milliseconds: as long as the program gives it by default. */
const MOST_SILENCE = 10_000;

/** How long anything else may take: large components are compiled first. */
const MOST_WAIT = 30_000;

/** How long a run may take to stop, before its worker is ended. */
const MOST_STOPPING = 1_000;

/** What went wrong, for people. */
export class Problem extends Error {
  constructor({ text, hint }) {
    super(text);
    Object.assign(this, { text, hint });
  }
}

const STOPPED = new Problem({ text: "stopped" });

export class Engine {
  constructor() {
    this.onProgress = () => {};
    this.#begin();
  }

  /**
   * Starts a worker from a script of our own: only then the page's policy holds in it, which lets it import and nothing
   * else.
   */
  #begin() {
    const failed = "(error) => postMessage({ failed: error.message })";
    const script = `import(${JSON.stringify(new URL("worker/worker.js", import.meta.url).href)}).catch(${failed});`;
    const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    this.worker = new Worker(url, { type: "module" });
    this.pending = new Map();
    this.last = 0;
    this.done = new Map();
    this.worker.addEventListener("message", ({ data }) => this.#hear(data));
    // What is asked before the script has loaded would be lost.
    const loaded = new Promise((resolve, reject) => Object.assign(this, { onLoaded: resolve, onFailed: reject }));
    this.worker.addEventListener("error", ({ message }) => this.onFailed(notLoaded(message)));
    this.started = loaded.then(() => this.#call("start", undefined, MOST_WAIT)).finally(() => URL.revokeObjectURL(url));
    this.started.catch(() => {});
  }

  #hear({ id, result, error, progress, loaded, failed }) {
    if (loaded) this.onLoaded();
    if (failed) this.onFailed(notLoaded(failed));
    if (progress) {
      this.#extend?.();
      this.onProgress(progress);
      return;
    }
    const { resolve, reject, timer } = this.pending.get(id) ?? {};
    if (!resolve) return;
    clearTimeout(timer);
    this.pending.delete(id);
    if (error) reject(new Problem(error));
    else resolve(result);
  }

  #extend;

  #call(call, given, most) {
    const id = (this.last += 1);
    return new Promise((resolve, reject) => {
      const entry = { resolve, reject };
      const wait = () => {
        clearTimeout(entry.timer);
        entry.timer = setTimeout(() => this.#restart(new Problem(tooLong(call, most))), most);
      };
      wait();
      if (call === "map") this.#extend = wait;
      this.pending.set(id, entry);
      this.worker.postMessage({ id, call, given });
    });
  }

  #fail(problem) {
    for (const { reject, timer } of this.pending.values()) {
      clearTimeout(timer);
      reject(problem instanceof Problem ? problem : new Problem(problem));
    }
    this.pending.clear();
  }

  #restart(problem) {
    this.worker.terminate();
    this.#fail(problem);
    this.#begin();
  }

  /** Does something in the worker once; after a restart it is done again. */
  async once(key, call, given) {
    await this.started;
    if (!this.done.has(key)) this.done.set(key, this.#call(call, given, MOST_WAIT));
    try {
      return await this.done.get(key);
    } catch (error) {
      this.done.delete(key);
      throw error;
    }
  }

  async ask(call, given) {
    await this.started;
    return this.#call(call, given, MOST_WAIT);
  }

  async map(given) {
    await this.started;
    this.running = this.#call("map", given, MOST_SILENCE);
    try {
      return await this.running;
    } finally {
      this.running = undefined;
    }
  }

  /** Stops the run, if there is one. */
  async stop() {
    if (!this.running) return;
    const timer = setTimeout(() => this.#restart(STOPPED), MOST_STOPPING);
    this.worker.postMessage({ id: 0, call: "stop" });
    await this.running.catch(() => {});
    clearTimeout(timer);
  }
}

function notLoaded(reason) {
  return new Problem({
    text: `a script of the page could not be loaded${reason ? `: ${reason}` : ""}`,
    hint: "load the page again; all files of its folder have to be there",
  });
}

function tooLong(call, most) {
  const seconds = most / 1000;
  if (call === "map") {
    return {
      text: `the mapping has not answered for ${seconds} seconds, and was stopped`,
      hint: "it may loop; `exotrace mapping test` says at which record",
    };
  }
  if (call === "load") {
    return {
      text: `the component has not said what it is for ${seconds} seconds, and was ended`,
      hint: "it may loop where it starts; a very large one may need a faster machine",
    };
  }
  return {
    text: `the page has waited ${seconds} seconds for \`${call}\`, and gave it up`,
    hint: "try again; a very large file may need a faster machine",
  };
}
