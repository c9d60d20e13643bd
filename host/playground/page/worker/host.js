// What the program does in this page: reading, checking, and geo look-ups, all in its own WebAssembly.

import { Component, jco } from "./component.js";
import { Input } from "./input.js";
import { part } from "./parts.js";
import { Refused } from "./refused.js";

export class Host {
  static async load() {
    const { nothing } = await jco();
    const component = await Component.load(await part("playground"), "playground");
    return new Host(component, nothing());
  }

  constructor(component, imports) {
    this.input = new Input();
    this.openKeys = "";
    const read = (most) => this.input.read(most);
    const program = component.instantiate({ ...imports, "exotrace:playground/input": { read } });
    Object.assign(this, program);
    this.lookup = (addresses) => this.geo.lookup(addresses);
  }

  /** Begins to read records. */
  read(blob, order) {
    this.input.take(blob);
    return this.#said(() => this.reader.Records.open(order));
  }

  /** The next batch, or nothing at the end. */
  next(records) {
    return this.#said(() => records.next());
  }

  #said(call) {
    try {
      return call();
    } catch (error) {
      if (error?.payload?.text === undefined) throw error;
      throw new Refused(error.payload.text, error.payload.hint);
    }
  }

  /** Asks these databases from now on. */
  useDatabases(databases) {
    const keys = databases.map(({ key }) => key).join(" ");
    if (keys === this.openKeys) return;
    this.openKeys = keys;
    this.databases.close();
    for (const { bytes, name } of databases) this.openDatabase(bytes, name);
  }

  /** Opens a geo database, and says what it is. */
  openDatabase(bytes, name) {
    try {
      const { kind, databaseType, built } = this.databases.open(bytes);
      return { kind, databaseType, built: Number(built) };
    } catch (error) {
      if (typeof error?.payload !== "string") throw error;
      throw new Refused(`\`${name}\` is ${error.payload}`, "drop a City or an ASN database, `.mmdb`");
    }
  }

  /** Checks what stands in the fields; gives the settings of a session, and what is wrong with which field. */
  settings(form) {
    const problems = [];
    const check = (field, call) => {
      try {
        return call();
      } catch (error) {
        if (typeof error?.payload !== "string") throw error;
        const { message: text, hint } = Refused.of(error.payload);
        problems.push({ field, text, hint });
        return undefined;
      }
    };
    const domains = form.localDomains.flatMap((it) => check("local-domains", () => this.checks.localDomain(it)) ?? []);
    if (form.tenantId) check("tenant-id", () => this.checks.tenantId(form.tenantId));
    if (form.options) {
      check("options", () => this.checks.jsonObject(form.options));
    }
    const tenant = form.tenantId || form.tenantName
      ? { id: form.tenantId.toLowerCase(), name: form.tenantName || undefined }
      : undefined;
    const settings = {
      tenant,
      localDomains: domains.length > 0 ? domains : undefined,
      preserveOriginalEvent: form.preserveOriginalEvent,
      tags: form.tags,
      dropStatus: [],
      fields: undefined,
      suffixList: form.suffixList,
      options: form.options || undefined,
      pseudonymKey: undefined,
      previousPseudonymKey: undefined,
    };
    return { settings, problems };
  }
}
