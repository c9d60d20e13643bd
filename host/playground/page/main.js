// The page: what is put in, and what it shows of it.

import { commands } from "./commands.js";
import { Engine, Problem } from "./engine.js";
import { readForm, showFieldProblems } from "./form.js";
import { layOut, textOf } from "./json-lines.js";
import { brought } from "./parts/brought.js";
import { Results } from "./results.js";
import { node } from "./view.js";
import { visible } from "./visible.js";

/** How long the page waits for more letters before it maps, in milliseconds. */
const PAUSE = 300;

/** The longest text that the field shows, in bytes: longer files are named alone. */
const MOST_IN_FIELD = 256 * 1024;

/** The largest component and list that are taken, in bytes. */
const MOST_COMPONENT = 256 * 1024 * 1024;
const MOST_LIST = 16 * 1024 * 1024;

const PASTED = "records.ndjson";
const SMALL = {
  city: { key: "City", name: "fixtures/geo/City.mmdb" },
  asn: { key: "ASN", name: "fixtures/geo/ASN.mmdb" },
};

const element = (id) => document.getElementById(id);
const engine = new Engine();
const results = new Results(engine);

const state = {
  /** A file of records; without one, the field counts. */
  file: undefined,
  suffixList: undefined,
  /** Mappings by the value of their option. */
  mappings: new Map(brought.mappings.map((name) => [name, { key: `mapping-${name}`, name }])),
  /** Databases that were dropped, by their kind. */
  databases: {},
};

let turn = 0;
let asked = 0;

/** Maps what is there with the settings that are there. What ran before is stopped. */
async function map() {
  const mine = (turn += 1);
  const isOld = () => mine !== turn;
  await engine.stop();
  if (isOld()) return;
  results.clear();
  try {
    const form = readForm(state.suffixList);
    showCommands(form);
    const { settings, problems } = await engine.ask("checkSettings", form);
    if (isOld()) return;
    showFieldProblems(problems);
    if (problems.length > 0) {
      problems.forEach((it) => results.showProblem({ text: `${labelOf(it.field)}: ${it.text}`, hint: it.hint }));
      return;
    }
    const chosen = chosenMappings();
    for (const [at, mapping] of chosen.entries()) showAbout(["left", "right"][at], await load(mapping));
    element("right-details").hidden = chosen.length < 2;
    const databaseKeys = await openDatabases();
    if (isOld()) return;
    const blob = state.file ?? new Blob([element("records").value]);
    if (blob.size === 0) {
      results.showNothing();
      return;
    }
    const given = { blob, order: form.dateOrder, settings, keys: chosen.map(({ key }) => key), databaseKeys };
    await results.map(given, chosen.map(({ name }) => visible(name)), visible(state.file?.name ?? "the field"));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (!isOld()) results.showProblem(problem);
  }
}

/** Maps, now or as soon as nothing has changed for a moment. The page shows that it is at work. */
function mapIn(pause) {
  return results.during(async () => {
    const mine = (asked += 1);
    if (pause > 0) await new Promise((resume) => setTimeout(resume, pause));
    if (mine === asked) await map();
  });
}

const mapNow = () => mapIn(0);
const mapSoon = () => mapIn(PAUSE);

function labelOf(field) {
  return document.querySelector(`label[for="${field}"]`).textContent;
}

function chosenMappings() {
  const names = ["left", "right"].map((side) => element(side).value).filter(Boolean);
  return names.map((name) => state.mappings.get(name));
}

function load({ key, name, bytes }) {
  return engine.once(key, "load", { key, name, bytes });
}

function showAbout(side, { name, version, schema, contract, recordKinds, optionsSchema }) {
  element(`${side}-about`).textContent = visible(`${name} ${version}: ${schema}, contract ${contract}`);
  const kinds = `Maps records of the kinds: ${recordKinds.join(", ")}`;
  const options = optionsSchema ? `Options:\n${textOf(layOut(optionsSchema))}` : "No options";
  element(`${side}-more`).textContent = `${kinds}\n${options}`;
}

/** The databases to ask: those of the page, or those that were dropped. */
function chosenDatabases() {
  const which = element("geo").value;
  if (which === "small") return SMALL;
  return which === "own" ? state.databases : {};
}

/** Gives the worker those that it has not yet. */
async function openDatabases() {
  const chosen = Object.values(chosenDatabases());
  for (const { key, name, bytes } of chosen) await engine.once(key, "keepDatabase", { key, name, bytes });
  return chosen.map(({ key }) => key);
}

function showCommands(form) {
  const mappings = chosenMappings().map(({ name, bytes }) => ({ name, isFile: bytes !== undefined }));
  const inputName = state.file?.name ?? PASTED;
  const { city, asn } = chosenDatabases();
  const lines = commands({ mappings, form, databases: { city: city?.name, asn: asn?.name }, inputName });
  const made = lines.map(({ title, line }, at) => {
    const id = `command-${at}`;
    const copy = node("button", { type: "button", "aria-label": `Copy: ${title}` }, "Copy");
    copy.addEventListener("click", () => copyText(line, copy, id));
    return node("div", { class: "command" }, node("span", {}, title), copy, node("code", { id }, line));
  });
  const about = state.file ? [] : [node("p", { class: "help" }, `Save the records of the field as ${PASTED} first.`)];
  element("commands").replaceChildren(element("commands").firstElementChild, ...about, ...made);
}

async function copyText(text, button, id) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    // Without a secure context there is no clipboard: the line is selected, for the keys that copy.
    getSelection().selectAllChildren(element(id));
    button.textContent = "Selected";
  }
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

async function takeRecords(file) {
  if (file.size <= MOST_IN_FIELD && (await isPlainText(file))) {
    element("records").value = await file.text();
  } else {
    element("records").value = "";
  }
  state.file = file;
  element("input-name").textContent = `${visible(file.name)}, ${file.size.toLocaleString("en-US")} bytes`;
  await mapNow();
}

/** Whether the field can show a file without changing it. */
async function isPlainText(file) {
  const bytes = await file.arrayBuffer();
  try {
    return !new TextDecoder("utf-8", { fatal: true }).decode(bytes).includes("\0");
  } catch {
    return false;
  }
}

async function takeComponent(file) {
  checkSize(file, MOST_COMPONENT);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const key = `file-${(takeComponent.count = (takeComponent.count ?? 0) + 1)}-${file.name}`;
  const mapping = { key, name: file.name, bytes };
  showAbout("left", await load(mapping));
  state.mappings.set(key, mapping);
  for (const side of ["left", "right"]) element(side).append(node("option", { value: key }, visible(file.name)));
  element("left").value = key;
  await mapNow();
}

async function takeDatabase(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const key = `database-${(takeDatabase.count = (takeDatabase.count ?? 0) + 1)}`;
  const about = await engine.once(key, "keepDatabase", { key, name: file.name, bytes });
  state.databases[about.kind] = { key, name: file.name, bytes };
  const own = document.querySelector('#geo option[value="own"]');
  if (!own) element("geo").append(node("option", { value: "own" }, "those that were opened"));
  element("geo").value = "own";
  state.databases[about.kind].about = `${visible(file.name)}: ${visible(about.databaseType)} of ${day(about.built)}`;
  element("geo-name").replaceChildren(...Object.values(state.databases).map((it) => node("span", {}, it.about)));
  await mapNow();
}

/** The day of an instant in seconds; a database may say anything. */
function day(seconds) {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? "an unknown day" : date.toISOString().slice(0, 10);
}

async function takeSuffixList(file) {
  checkSize(file, MOST_LIST);
  state.suffixList = { name: file.name, text: await file.text() };
  element("suffix-name").textContent = visible(file.name);
  element("suffix-built-in").hidden = false;
  await mapNow();
}

function checkSize({ name, size }, most) {
  if (size <= most) return;
  const limit = `${most / 2 ** 20} MiB`;
  throw new Problem({ text: `\`${name}\` is longer than ${limit}`, hint: "is it the right file?" });
}

/** A file, by its name: components and databases say what they are, everything else is read as records. */
function take(file) {
  if (/\.wasm$/i.test(file.name)) return takeComponent(file);
  if (/\.mmdb$/i.test(file.name)) return takeDatabase(file);
  return takeRecords(file);
}

/** Does something with files, one after the other, and says what is wrong with them. */
function withFiles(files, use) {
  results.forgetFileProblems();
  return results.during(async () => {
    for (const file of files) {
      try {
        await use(file);
      } catch (error) {
        const unreadable = { text: `\`${visible(file.name)}\` cannot be read: ${error.message}`, hint: "is it a folder?" };
        results.showFileProblem(error instanceof Problem ? error : unreadable);
      }
    }
  });
}

function listenToFiles() {
  const inputs = { "records-file": takeRecords, "component-file": takeComponent, "database-file": takeDatabase, "suffix-file": takeSuffixList };
  for (const [id, use] of Object.entries(inputs)) {
    element(id).addEventListener("change", async ({ target }) => {
      const files = [...target.files];
      // The same file may be opened again, after it was changed.
      target.value = "";
      await withFiles(files, use);
    });
  }
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    withFiles([...event.dataTransfer.files], take);
  });
}

function listenToFields() {
  const forget = () => {
    state.file = undefined;
    element("input-name").textContent = "";
  };
  element("records").addEventListener("input", forget);
  element("clear").addEventListener("click", () => {
    element("records").value = "";
    forget();
    mapNow();
  });
  element("example").addEventListener("click", () => {
    element("records").value = brought.example;
    element("local-domains").value ||= brought.exampleDomains.join("\n");
    forget();
    mapNow();
  });
  element("suffix-built-in").addEventListener("click", () => {
    state.suffixList = undefined;
    element("suffix-name").textContent = "";
    element("suffix-built-in").hidden = true;
    mapNow();
  });
  element("settings").addEventListener("input", ({ target }) => {
    if (target.type === "file") return;
    results.forgetFileProblems();
    mapSoon();
  });
  element("settings").addEventListener("submit", (event) => event.preventDefault());
  element("map").addEventListener("click", mapNow);
  element("stop").addEventListener("click", () => engine.stop());
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) mapNow();
  });
}

function fillMappings() {
  element("right").append(node("option", { value: "" }, "no other"));
  for (const side of ["left", "right"]) {
    for (const name of brought.mappings) element(side).append(node("option", { value: name }, name));
  }
  element("left").value = brought.defaultMapping;
}

fillMappings();
listenToFiles();
listenToFields();
element("not-started").hidden = true;
element("starting").hidden = false;
try {
  await engine.started;
  element("starting").hidden = true;
} catch (problem) {
  element("starting").hidden = true;
  results.showProblem(problem);
}
element("main").hidden = false;
await mapNow();
