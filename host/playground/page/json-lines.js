// Lays JSON out over lines without changing a letter of a value, and finds what differs between two documents.

import { visible } from "./visible.js";

const TOKEN = /\s*("[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+)/y;

/** The longest value that is shown in full, in characters. */
const MOST_SHOWN = 2000;

/** How deep documents are laid out; what is deeper stays on one line. */
const MOST_DEPTH = 100;

const shown = (token) => visible(token, MOST_SHOWN);

function* tokens(text) {
  TOKEN.lastIndex = 0;
  for (let found = TOKEN.exec(text); found; found = TOKEN.exec(text)) {
    yield found[1];
    // Others may have used it between two tokens.
    TOKEN.lastIndex = found.index + found[0].length;
  }
}

/** The lines of a JSON text: how deep each is, its parts with their kinds, its path, and its value if it has one. */
export function layOut(text) {
  const all = [...tokens(text)];
  const lines = [];
  let at = 0;
  const value = (depth, path, before) => {
    const token = all[at];
    at += 1;
    const opens = token === "{" || token === "[";
    if (!opens || all[at] === (token === "{" ? "}" : "]")) {
      const whole = opens ? token + all[at++] : token;
      lines.push({ depth, path, value: whole, parts: [...before, [kindOf(token), shown(whole)]] });
      return;
    }
    if (depth >= MOST_DEPTH) throw new RangeError("too deep");
    lines.push({ depth, path, parts: [...before, ["mark", token]] });
    for (let index = 0; all[at] !== "}" && all[at] !== "]"; index += 1) {
      if (token === "{") {
        const key = all[at];
        at += 2;
        value(depth + 1, `${path}/${key}`, [["key", shown(key)], ["mark", ": "]]);
      } else {
        value(depth + 1, `${path}/${index}`, []);
      }
      if (all[at] === ",") {
        lines.at(-1).parts.push(["mark", ","]);
        at += 1;
      }
    }
    lines.push({ depth, path, isEnd: true, parts: [["mark", all[at]]] });
    at += 1;
  };
  try {
    JSON.parse(text);
    value(0, "", []);
    return lines;
  } catch {
    return [{ depth: 0, path: "", value: text, parts: [["text", shown(text)]] }];
  }
}

function kindOf(token) {
  if (token.startsWith('"')) return "text";
  return "{[".includes(token) ? "mark" : "number";
}

/** Marks the lines of one document that the other one has not: `only`, or with another value: `other`. */
export function compare(lines, others) {
  const values = new Map(others.filter((it) => !it.isEnd).map((it) => [it.path, it.value]));
  for (const line of lines) {
    if (!values.has(line.path)) line.difference = "only";
    else if (!line.isEnd && values.get(line.path) !== line.value) line.difference = "other";
  }
}

/** The lines as text. */
export function textOf(lines) {
  return lines.map(({ depth, parts }) => "  ".repeat(depth) + parts.map(([, token]) => token).join("")).join("\n");
}
