// Shows documents beside each other. Everything from outside is set as text, never as HTML.

import { compare, layOut } from "./json-lines.js";
import { visible } from "./visible.js";

/** The longest message, in characters. */
const MOST_SAID = 2000;

const SIGNS = { only: "+", other: "≠" };
const OUTCOMES = {
  mapped: "mapped",
  failed: "mapped in part",
  dropped: "dropped on purpose",
  rejected: "left out: the mapping stopped",
};

/** An element with attributes and children. */
export function node(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter((it) => it !== undefined));
  return made;
}

function json(lines) {
  const made = node("pre", { class: "json" });
  for (const { depth, parts, difference } of lines) {
    const sign = node("span", { class: "sign" }, SIGNS[difference] ?? " ");
    const text = node("span", { class: "line" }, "  ".repeat(depth));
    for (const [kind, token] of parts) text.append(kind === "mark" ? token : node("span", { class: kind }, token));
    made.append(node("span", { class: difference ? `row ${difference}` : "row" }, sign, text, "\n"));
  }
  return made;
}

function side({ outcome, document: text }, title, lines) {
  const reason = outcome.reason ? ` (${visible(outcome.reason)})` : "";
  const head = node("p", { class: `outcome ${outcome.tag}` }, node("b", {}, title), ` ${OUTCOMES[outcome.tag]}${reason}`);
  if (outcome.id) head.append(" ", node("code", {}, visible(outcome.id)));
  return node("div", { class: "side" }, head, text === undefined ? undefined : json(lines));
}

/** One record with its documents. */
export function row({ number, record, sides }, titles) {
  const laidOut = sides.map((it) => (it.document === undefined ? [] : layOut(it.document)));
  if (sides.length === 2) {
    compare(laidOut[0], laidOut[1]);
    compare(laidOut[1], laidOut[0]);
  }
  const id = `record-${number}`;
  return node(
    "article",
    { "aria-labelledby": id },
    node("h3", { id }, `Record ${number.toLocaleString("en-US")}`),
    node("details", {}, node("summary", {}, "The record"), json(layOut(record))),
    node("div", { class: "sides" }, ...sides.map((it, at) => side(it, titles[at], laidOut[at]))),
  );
}

/** A problem with what to do about it. */
export function problem({ text, hint }, level = "error") {
  return node(
    "p",
    { class: level },
    node("b", {}, `${level}: `),
    visible(text, MOST_SAID),
    hint ? node("span", { class: "hint" }, node("b", {}, "hint: "), visible(hint, MOST_SAID)) : undefined,
  );
}
