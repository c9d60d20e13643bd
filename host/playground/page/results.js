// What became of the records: progress, summary, problems, and the documents, some at a time.

import { problem, node, row } from "./view.js";

/** How many records are shown at once. */
const SHOWN = 10;

const element = (id) => document.getElementById(id);
const counted = (count, one, many) => `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;

/** What became of the records, in the words of `exotrace map`. */
function sentence({ mapped, failed, strange, dropped, rejected }, losses) {
  const number = (it) => it.toLocaleString("en-US");
  const records = mapped + failed + strange + dropped + rejected + losses;
  return [
    `${counted(records, "record", "records")}: ${number(mapped)} mapped`,
    failed && `${number(failed)} mapped in part (event.kind: pipeline_error)`,
    strange && `${number(strange)} not message trace (event.kind: pipeline_error)`,
    dropped && `${number(dropped)} dropped on purpose`,
    rejected && `${number(rejected)} left out at which the mapping stopped`,
    losses && `${number(losses)} left out`,
  ].filter(Boolean).join(", ");
}

export class Results {
  constructor(engine) {
    this.engine = engine;
    this.titles = [];
    this.total = 0;
    this.from = 0;
    this.waiting = 0;
    const go = (to) => () => this.#try(() => this.show(to()));
    const from = () => Number(element("from").value) - 1;
    element("first").addEventListener("click", go(() => 0));
    element("previous").addEventListener("click", go(() => this.from - SHOWN));
    element("next").addEventListener("click", go(() => this.from + SHOWN));
    element("last").addEventListener("click", go(() => this.total - SHOWN));
    element("from").addEventListener("change", go(from));
    element("filter").addEventListener("change", go(() => 0));
  }

  /** Shows that the page is at work, to those who hear it as well. */
  async during(work) {
    const wait = (more) => {
      this.waiting += more;
      element("documents").setAttribute("aria-busy", String(this.waiting > 0));
    };
    wait(1);
    try {
      return await work();
    } finally {
      wait(-1);
    }
  }

  /** Does what may fail because the worker was ended. */
  async #try(work) {
    try {
      await work();
    } catch (error) {
      this.showProblem(error);
    }
  }

  clear() {
    this.current = undefined;
    for (const id of ["problems", "summary", "rows", "downloads", "rate"]) element(id).replaceChildren();
    for (const id of ["pager", "fields", "legend"]) element(id).hidden = true;
    this.releaseDownloads();
  }

  showProblem(given) {
    element("problems").append(problem(given));
  }

  /** Says what is wrong with a file that was given: it stays while others are mapped. */
  showFileProblem(given) {
    element("file-problems").append(problem(given));
  }

  forgetFileProblems() {
    element("file-problems").replaceChildren();
  }

  showNothing() {
    element("summary").replaceChildren(
      node("p", {}, "No records yet: paste some, drop a file, or take the example."),
    );
  }

  /** Maps, and shows the documents as soon as there are enough of them. */
  async map(given, titles, inputName) {
    const mine = {};
    Object.assign(this, { titles, from: 0, total: 0, current: mine });
    element("filter").value = "all";
    document.querySelector('#filter option[value="different"]').hidden = titles.length < 2;
    this.#busy(true);
    let isShown = false;
    this.engine.onProgress = (progress) => {
      this.#rate(progress);
      this.total = progress.count;
      if (isShown || progress.count < SHOWN) return;
      isShown = true;
      this.#try(() => this.show(0));
    };
    try {
      const summary = await this.engine.map(given);
      // Another one may have begun meanwhile.
      if (this.current === mine) await this.#end(summary, inputName);
    } finally {
      if (this.current === mine || !this.current) this.#busy(false);
    }
  }

  #busy(isBusy) {
    element("progress").hidden = !isBusy;
    element("stop").disabled = !isBusy;
  }

  #rate({ count, milliseconds }) {
    const rate = Math.round((count * 1000) / Math.max(milliseconds, 1));
    element("rate").textContent =
      `${counted(count, "record", "records")}, ${counted(rate, "record", "records")} a second`;
  }

  async #end(summary, inputName) {
    this.#rate(summary);
    this.#notices(summary, inputName);
    if (summary.error) this.showProblem({ text: `${inputName}: ${summary.error.text}`, hint: summary.error.hint });
    if (summary.count === 0) {
      if (!summary.error && summary.losses === 0) {
        this.showProblem({ text: `${inputName}: there are no records`, hint: "is it empty, or blank?" });
      }
      return;
    }
    this.#strange(summary, inputName);
    this.#summary(summary);
    this.#fields(summary);
    await this.#downloads();
    await this.show(this.from);
  }

  #notices({ notices }, inputName) {
    for (const { named, more, hint, isLoss } of notices) {
      const level = isLoss ? "error" : "warning";
      for (const [at, { line, text }] of named.entries()) {
        const place = line === 0 ? inputName : `${inputName}, line ${line}`;
        element("problems").append(problem({ text: `${place}: ${text}`, hint: at === 0 ? hint : undefined }, level));
      }
      if (more > 0) element("problems").append(problem({ text: `${inputName}: ${more} more of these` }, level));
    }
  }

  #strange({ totals, count }, inputName) {
    if (!totals.every(({ strange }) => strange === count)) return;
    this.showProblem({
      text: `0 of ${counted(count, "record", "records")} are message trace; is ${inputName} the right file?`,
      hint: "they have none of `Received`, `SenderAddress` and `RecipientAddress`, or are not JSON",
    });
  }

  #summary({ totals, losses, different, isStopped, kind }) {
    const lines = totals.map((it, side) => node("p", {}, node("b", {}, this.titles[side]), ` ${sentence(it, losses)}`));
    if (totals.length === 2) lines.push(node("p", {}, `${counted(different, "record has", "records have")} other documents`));
    if (kind) lines.push(node("p", { class: "help" }, `Records of kind ${kind}.`));
    if (isStopped) lines.push(node("p", { class: "warning" }, "Stopped before the end."));
    element("summary").replaceChildren(...lines);
  }

  #fields({ fields: { compared, list }, totals }) {
    element("fields").hidden = totals.length < 2 || list.length === 0;
    if (element("fields").hidden) return;
    const of = counted(compared, "pair", "pairs");
    element("fields-title").textContent = `${counted(list.length, "field differs", "fields differ")}, in the first ${of} of documents that do`;
    element("only-left").textContent = `only ${this.titles[0]}`;
    element("only-right").textContent = `only ${this.titles[1]}`;
    const cell = (count) => node("td", {}, count ? count.toLocaleString("en-US") : "");
    const rows = list.map(({ path, onlyLeft, onlyRight, different }) =>
      node("tr", {}, node("th", { scope: "row" }, node("code", {}, path)), cell(onlyLeft), cell(onlyRight), cell(different)));
    element("fields-body").replaceChildren(...rows);
  }

  async #downloads() {
    this.releaseDownloads();
    this.links = [];
    const mine = this.current;
    for (const [side, title] of this.titles.entries()) {
      const blob = await this.engine.ask("documents", side);
      if (this.current !== mine) return;
      const url = URL.createObjectURL(blob);
      this.links.push(url);
      const name = `documents-${title.replace(/[^A-Za-z0-9.-]/g, "_")}.ndjson`;
      element("downloads").append(node("a", { href: url, download: name }, `Download ${name}`), " ");
    }
  }

  releaseDownloads() {
    this.links?.forEach((url) => URL.revokeObjectURL(url));
    this.links = [];
    element("downloads").replaceChildren();
  }

  /** Shows some records, the first of them at this place. */
  async show(wanted) {
    const filter = element("filter").value;
    const from = Math.max(0, Math.min(Number.isFinite(wanted) ? Math.trunc(wanted) : 0, Math.max(this.total - 1, 0)));
    const mine = this.current;
    let { rows, total } = await this.engine.ask("view", { from, count: SHOWN, filter });
    let place = from;
    if (rows.length === 0 && total > 0) {
      place = Math.max(0, total - SHOWN);
      ({ rows, total } = await this.engine.ask("view", { from: place, count: SHOWN, filter }));
    }
    if (this.current !== mine) return;
    Object.assign(this, { from: place, total });
    element("pager").hidden = false;
    element("legend").hidden = this.titles.length < 2;
    element("from").value = String(place + 1);
    element("from").max = String(Math.max(total, 1));
    element("place").textContent = total === 0
      ? "none of these"
      : `${(place + 1).toLocaleString("en-US")} to ${(place + rows.length).toLocaleString("en-US")} of ${total.toLocaleString("en-US")}`;
    element("first").disabled = element("previous").disabled = place === 0;
    element("next").disabled = element("last").disabled = place + rows.length >= total;
    element("rows").replaceChildren(...rows.map((it) => row(it, this.titles)));
  }
}
