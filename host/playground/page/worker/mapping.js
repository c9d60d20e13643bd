// A mapping: a component behind the contract of `wit`, checked and run as the host does.

import { Component } from "./component.js";
import { Refused } from "./refused.js";
import { lines } from "./lines.js";

const GEO = /^exotrace:mapping\/geo(@0\.[12]\.\d+)?$/;
const MAPPER = /^exotrace:mapping\/mapper@(.*)$/;
const KNOWN = /^0\.(1|2)\.\d+$/;

/** How people name what a mapping refuses. */
const REFUSALS = {
  "invalid-fields": (text) => [`fields to add: ${text}`],
  "reserved-field": (text) => [`field \`${text}\` is written by the mapping itself`],
  "invalid-suffix-list": (text) => [`public suffix list: ${text}`, "take the list of publicsuffix.org"],
  unsupported: (text) => [`this mapping version has no rule for \`${text}\``, "leave it out, or take mapping 3.0 or later"],
  "invalid-options": (text) => [
    `options: ${text}`,
    "the page shows the schema of the options behind the mapping’s name",
  ],
  "invalid-pseudonym-key": (text) => [
    `key of pseudonyms: ${text}`,
    "the page takes no secret: try this with `exotrace map --privacy-key-file`",
  ],
};

export class Mapping {
  /** Makes a mapping of a component; `lookup` answers what it asks. */
  static async load(bytes, name, isBuiltIn, lookup) {
    const component = await Component.load(bytes, name);
    const foreign = component.imports.filter((it) => !GEO.test(it));
    if (foreign.length > 0) {
      throw new Refused(
        `\`${name}\` imports \`${foreign.join("`, `")}\`; a mapping may import \`exotrace:mapping/geo\` and nothing else`,
        "build it without WASI, for `wasm32-unknown-unknown`",
      );
    }
    const contract = component.exports.map((it) => it.match(MAPPER)?.[1]).find(Boolean);
    if (!contract) {
      throw new Refused(
        `\`${name}\` is a component, and not a mapping: it does not export \`exotrace:mapping/mapper\``,
        `it exports ${component.exports.map((it) => `\`${it}\``).join(", ") || "nothing"}`,
      );
    }
    if (!KNOWN.test(contract)) {
      throw new Refused(
        `\`${name}\` is built for version ${contract} of the contract; this page knows 0.1 and 0.2`,
        "take the page of a newer exotrace",
      );
    }
    const mapping = new Mapping(component, name, isBuiltIn, contract, lookup);
    mapping.description = mapping.#describe();
    return mapping;
  }

  constructor(component, name, isBuiltIn, contract, lookup) {
    Object.assign(this, { component, name, isBuiltIn, contract, lookup });
  }

  #instantiate() {
    const { mapper } = this.component.instantiate({ "exotrace:mapping/geo": { lookup: this.lookup } });
    return mapper;
  }

  #describe() {
    try {
      const { name, mappingVersion, schema, ecsVersion, recordKinds, optionsSchema } = this.#instantiate().describe();
      return {
        name, version: mappingVersion, contract: this.contract, recordKinds,
        schema: schema ? `${schema.name} ${schema.version}` : `ecs ${ecsVersion}`,
        optionsSchema,
      };
    } catch (error) {
      throw new Refused(`\`${this.name}\` does not say what it is: ${error.message}`, "`exotrace mapping inspect` says more");
    }
  }

  /** Opens a session; throws what is wrong with the settings. */
  open(settings) {
    if (this.contract.startsWith("0.1.")) {
      if (settings.options !== undefined) {
        throw new Refused(
          `\`${this.name}\` is built for version ${this.contract} of the contract, which has no options`,
          "leave the options out, or build it for version 0.2",
        );
      }
      settings = { ...settings, fields: nameOfTenant(settings.tenant) };
    }
    this.settings = settings;
    this.#reopen();
  }

  #reopen() {
    try {
      this.session = this.#instantiate().Session.open(this.settings);
    } catch (error) {
      const { tag, val } = error?.payload ?? {};
      const [text, hint] = REFUSALS[tag]?.(val) ?? [`could not be opened: ${error?.message ?? error}`];
      throw new Refused(`mapping \`${this.name}\`: ${text}`, hint);
    }
  }

  /** Maps records. One at which the component stops is left out, and does not take the others with it. */
  map(records) {
    const mapped = this.#twice(records);
    if (mapped.outcomes) return mapped;
    const found = lines(records);
    if (found.length === 1) return rejected(mapped.reason);
    const all = { documents: "", outcomes: [] };
    for (const line of found) {
      const { documents, outcomes, reason } = this.#twice(`${line}\n`);
      const { documents: text, outcomes: one } = outcomes ? { documents, outcomes } : rejected(reason);
      all.documents += text;
      all.outcomes.push(...one);
    }
    return all;
  }

  /** A component may stop for what it went through before, so it is asked again afresh. */
  #twice(records) {
    let reason;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      try {
        const answer = this.session.mapBatch(records, {});
        this.#check(records, answer);
        return answer;
      } catch (error) {
        reason = error?.message ?? String(error);
        this.#reopen();
      }
    }
    return { reason };
  }

  /** Whether the answer fits the question: what a component that is not ours says is not believed. */
  #check(records, { documents, outcomes }) {
    const expected = lines(records).length;
    if (outcomes.length !== expected) throw new Error(`${outcomes.length} outcomes for ${expected} records`);
    const found = documents.split("\n");
    const lengths = outcomes.flatMap(({ tag, val }) => (tag === "mapped" || tag === "failed" ? [val.length] : []));
    if (found.pop() !== "" || found.length !== lengths.length) {
      throw new Error(`${found.length} documents for ${lengths.length} outcomes that have one`);
    }
    if (this.isBuiltIn) return;
    for (const [at, document] of found.entries()) {
      const length = new TextEncoder().encode(document).length;
      if (length !== lengths[at]) throw new Error(`document ${at} is ${length} bytes long, and not ${lengths[at]}`);
      if (!isObject(document)) throw new Error(`document ${at} is not a JSON object`);
    }
  }
}

function isObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** In version 0.1 of the contract, what the tenant is called is a field like others. */
function nameOfTenant(tenant) {
  return tenant?.name === undefined ? undefined : JSON.stringify({ organization: { name: tenant.name } });
}

function rejected(reason) {
  return { documents: "", outcomes: [{ tag: "rejected", val: reason }] };
}
