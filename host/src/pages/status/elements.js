// Makes elements. Texts are set as texts: what comes from outside is never read as HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const element = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const shape = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// What cannot be seen, and what turns the text behind it around.
const HIDDEN = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;
const plain = (text) => String(text ?? "").replace(HIDDEN, (it) => `\\u{${it.codePointAt(0).toString(16)}}`);

const number = (count) => Number(count ?? 0).toLocaleString("en-US");
const words = (name) => plain(name).replaceAll("_", " ");

const time = (text) => (text ? new Date(text).toISOString().replace(/\.\d+Z$/, "Z").replace("T", " ") : "");
const moment = (text) => (text ? element("time", { datetime: text }, time(text)) : "");

// A length of time in its two largest units.
function length(seconds) {
  const units = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
  let rest = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [name, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && parts.length < 2) parts.push(`${count}${name}`);
    else if (parts.length > 0) break;
  }
  return parts.join(" ") || "0s";
}

const bytes = (count) => {
  const units = ["B", "KiB", "MiB", "GiB"];
  let [size, unit] = [count, 0];
  while (size >= 1024 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${size.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
};

const state = (name) => element("span", { class: `state ${name ?? ""}` }, name ? words(name) : "not running");

// A cell with a longer text is not made narrow, in characters.
const LONG = 30;

/** A section with a heading. */
function panel(id, title, kind, ...children) {
  const heading = element("h2", { id: `${id}-title` }, title);
  return element("section", { id, class: kind, "aria-labelledby": `${id}-title` }, heading, children);
}

/** A table; a cell is a text or an element, and `{ number }` is one that is counted. */
function table(label, columns, rows, empty, kind = "") {
  if (rows.length === 0) return element("p", { class: "empty" }, empty);
  const isCounted = (place) => rows[0][place]?.number !== undefined;
  const head = columns.map((column, place) => element("th", { scope: "col", class: isCounted(place) && "number" }, column));
  const cell = (content, place) => {
    if (content?.number !== undefined) return element("td", { class: "number" }, number(content.number));
    const kind = content?.tagName === "TIME" ? "time" : content?.length > LONG && "text";
    return element(place === 0 ? "th" : "td", { scope: place === 0 && "row", class: kind }, content);
  };
  const body = rows.map((row) => element("tr", {}, row.map(cell)));
  return element("div", { class: `scroll ${kind}`, tabindex: 0, role: "group", "aria-label": label, "data-key": `table:${label}` },
    element("table", {}, element("thead", {}, element("tr", {}, head)), element("tbody", {}, body)));
}
