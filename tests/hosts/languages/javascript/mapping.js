// A small mapping in JavaScript: what the contract asks for, and some fields of the Elastic Common Schema.
import { lookup } from "exotrace:mapping/geo@0.2.0";

// What is written here, and is therefore refused among the fields that the host adds.
const OWN = /^(@timestamp|ecs|email|error|source|tags|event\.(category|created|kind|original|outcome))$/;
const KEEP = "preserve_original_event";
const BLANK = /^[\s\x00-\x1f\x7f-\x9f\uFEFF]*$/;
const DATE = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d)(\.\d{1,3})?\d*(Z|[+-]\d\d:\d\d)?$/;
const OUTCOMES = { delivered: "success", failed: "failure" };
const utf8 = new TextEncoder();
const asDate = (time) => (Number.isNaN(time) ? undefined : new Date(time).toISOString());
function isIp(text) {
  if (!/^[0-9a-f]*[.:][0-9a-f.:]*$/i.test(text)) return false;
  try { return Boolean(new URL(`http://[${text.includes(":") ? "" : "::"}${text}]`)); } catch { return false; }
}
function parseDate(text) {
  const [, day, hours, fraction = "", zone = "Z"] = DATE.exec(text) ?? [];
  // The engine takes the 30th of February for the 2nd of March.
  return asDate(Date.parse(day))?.startsWith(day) ? Date.parse(day + hours + fraction + zone) : NaN;
}
async function hash(...parts) {
  const digest = await crypto.subtle.digest("SHA-256", utf8.encode(JSON.stringify(parts)));
  return Array.from(new Uint8Array(digest, 0, 20), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
class Session {
  static open({ tenant, tags, preserveOriginalEvent, fields = "{}", dropStatus: [drop_status], options, ...keys }) {
    const refused = { drop_status, options, pseudonym_key: keys.pseudonymKey ?? keys.previousPseudonymKey };
    for (const name in refused) if (refused[name] !== undefined) throw { tag: "unsupported", val: name };
    const added = JSON.parse(fields);
    const names = [...Object.keys(added), ...Object.keys(added.event ?? {}).map((name) => `event.${name}`)];
    const reserved = names.find((name) => OWN.test(name));
    if (reserved) throw { tag: "reserved-field", val: reserved };
    const all = new Set(preserveOriginalEvent || tags.includes(KEEP) ? [KEEP, ...tags] : tags);
    return Object.assign(new Session(), { added, tags: [...all], tenant: tenant?.id ?? "" });
  }
  async mapBatch(records, { readAt }) {
    const batch = { documents: "", outcomes: [] };
    for (const line of records.split("\n").filter((line) => !BLANK.test(line))) {
      const [document, tag, val] = await this.map(line, Number(readAt));
      batch.documents += `${document}\n`;
      batch.outcomes.push({ tag, val: { ...val, length: utf8.encode(document).length } });
    }
    return batch;
  }
  async map(line, created) {
    const [problems, fail] = [[], (reason, message) => void problems.push({ reason, message })];
    let record; try { record = JSON.parse(line); } catch { fail("not-json", "record is not JSON"); }
    if ({}.toString.call(record) !== "[object Object]") record = fail("not-an-object", "record is not an object") ?? {};
    // By the name of Graph, and by the one of the Reporting Web Service and of PowerShell.
    const text = (name, legacy = name[0].toUpperCase() + name.slice(1)) => {
      const value = record[name] ?? record[legacy] ?? "";
      return typeof value === "string" ? value || undefined : fail("invalid-type", `${name} is not text`);
    };
    const [id, date, status] = [text("id", "MessageTraceId"), text("receivedDateTime", "Received"), text("status")];
    const [from, to, subject] = [text("senderAddress"), text("recipientAddress"), text("subject")];
    const [message_id, address] = [text("messageId"), text("fromIP")];
    const ip = address && !isIp(address) ? fail("invalid-ip", "fromIP is not an IP address") : address;
    const time = parseDate(date);
    if (Number.isNaN(time)) fail(date ? "invalid-date" : "missing-date", "there is no date");
    const { place } = (ip && lookup([ip])[0]) ?? {};
    const failed = problems.length > 0;
    const document = JSON.stringify({
      ...this.added, "@timestamp": asDate(time) ?? asDate(created), ecs: { version: "8.11.0" },
      email: { local_id: id, message_id, subject, from: from && { address: [from] }, to: to && { address: [to] } },
      error: failed ? { message: problems.map(({ message }) => message) } : undefined,
      event: { ...this.added.event, kind: failed ? "pipeline_error" : "event", category: ["email"],
        created: asDate(created), outcome: OUTCOMES[status?.toLowerCase()] ?? "unknown",
        original: failed || this.tags.includes(KEEP) ? line : undefined },
      source: ip && { ip, geo: place && { country_iso_code: place.countryIsoCode } },
      tags: this.tags,
    });
    const deliveryId = await hash(this.tenant, id ?? message_id ?? date, to?.toLowerCase());
    const val = { id: await hash(this.tenant, line.trim()), deliveryId, timestamp: asDate(time) && BigInt(time) };
    if (!failed) return [document, "mapped", val];
    return [document, "failed", { ...val, deliveryId: id && to && deliveryId, reason: problems[0].reason }];
  }
}
const description = { name: "in JavaScript", mappingVersion: "9.1.0", schema: { name: "ecs", version: "8.11.0" } };
export const mapper = { Session, describe: () => ({ ...description, recordKinds: ["graph", "legacy"] }) };
