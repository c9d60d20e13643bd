// The lines of a shell that do the same as the page.

const PLAIN = /^[A-Za-z0-9_./:=@%+,-]+$/;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** A word as a shell reads it: what was dropped may have any name. */
export function quoted(word) {
  if (PLAIN.test(word)) return word;
  if (!CONTROLS.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const escaped = Array.from(word, (it) => {
    if (it === "\\" || it === "'") return `\\${it}`;
    return CONTROLS.test(it) ? `\\u${it.codePointAt(0).toString(16).padStart(4, "0")}` : it;
  });
  return `$'${escaped.join("")}'`;
}

/** A name that no program takes for an option. */
function file(name) {
  return quoted(name.startsWith("-") ? `./${name}` : name);
}

function options(form, databases) {
  const words = [];
  // What begins with a hyphen would be taken for an option.
  const add = (name, value) => words.push(`--${name}${value.startsWith("-") ? "=" : " "}${quoted(value)}`);
  for (const domain of form.localDomains) add("local-domain", domain);
  if (form.tenantId) add("tenant-id", form.tenantId);
  if (form.tenantName) add("tenant-name", form.tenantName);
  for (const tag of form.tags) add("tag", tag);
  if (form.dateOrder) add("date-order", form.dateOrder.replace("-", "_"));
  if (form.preserveOriginalEvent) words.push("--preserve-original-event");
  if (form.suffixName) add("suffix-list", form.suffixName);
  if (form.options) add("options", form.options);
  if (databases.city) add("geoip-city", databases.city);
  if (databases.asn) add("geoip-asn", databases.asn);
  return words;
}

/** The lines for these mappings, each with what it does. */
export function commands({ mappings, form, databases, inputName }) {
  const words = options(form, databases);
  const input = file(inputName);
  const line = (...parts) => parts.flat().join(" ");
  const maps = mappings.map(({ name, isFile }) => ({
    title: `Map with ${name}`,
    line: line("exotrace map --mapping", isFile ? file(name) : quoted(name), words, input),
  }));
  const tests = mappings.map(({ name, isFile }) => {
    const component = isFile ? file(name) : `components/mapping-${name}.wasm`;
    const first = isFile ? [] : ["exotrace mapping export components &&"];
    return { title: `Test ${name}`, line: line(first, "exotrace mapping test", words, component, input) };
  });
  return [...maps, ...tests];
}
