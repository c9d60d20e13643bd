// Maps records with a mapping component, in Node: NDJSON on standard input, documents on standard output.
//
//     node map-records.mjs MAPPING.wasm SETTINGS.json [CITY.mmdb ASN.mmdb]

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { transpile } from '@bytecodealliance/jco';
import { Reader } from 'mmdb-lib';

/** How many records are mapped at once. */
const BATCH = 1000;

/** Answers the one question that a mapping asks. */
function databases(cityFile, asnFile) {
  const city = new Reader(readFileSync(cityFile));
  const asn = new Reader(readFileSync(asnFile));
  return (addresses) => addresses.map((address) => {
    if (!isIP(address)) return undefined;
    const [foundCity, foundAsn] = [city.get(address), asn.get(address)];
    if (!foundCity && !foundAsn) return undefined;
    return { place: foundCity && place(foundCity), autonomousSystem: foundAsn && autonomousSystem(foundAsn) };
  });
}

function place(city) {
  const region = city.subdivisions?.at(-1);
  const [country, regionCode] = [city.country?.iso_code, region?.iso_code];
  const { latitude: lat, longitude: lon } = city.location ?? {};
  return {
    continentName: city.continent?.names?.en,
    countryIsoCode: country,
    countryName: city.country?.names?.en,
    regionIsoCode: country && regionCode && `${country}-${regionCode}`,
    regionName: region?.names?.en,
    cityName: city.city?.names?.en,
    location: lat === undefined || lon === undefined ? undefined : { lat, lon },
  };
}

function autonomousSystem(asn) {
  return { number: asn.autonomous_system_number, organizationName: asn.autonomous_system_organization };
}

/** Makes JavaScript of a component, and runs it with this geo function. Returns what the component exports. */
async function load(component, lookup) {
  const { files } = await transpile(readFileSync(component), { name: 'mapping', instantiation: 'sync' });
  const folder = mkdtempSync(join(tmpdir(), 'exotrace-'));
  try {
    const script = join(folder, 'mapping.mjs');
    writeFileSync(script, files['mapping.js']);
    const { instantiate } = await import(pathToFileURL(script));
    const core = (path) => new WebAssembly.Module(files[path]);
    return instantiate(core, { 'exotrace:mapping/geo': { lookup } });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [component, settingsFile, ...databaseFiles] = process.argv.slice(2);
if (!settingsFile || ![0, 2].includes(databaseFiles.length)) {
  console.error('usage: node map-records.mjs MAPPING.wasm SETTINGS.json [CITY.mmdb ASN.mmdb] < RECORDS.ndjson');
  process.exit(2);
}
const settings = JSON.parse(readFileSync(settingsFile, 'utf8'));
const lookup = databaseFiles.length ? databases(...databaseFiles) : (addresses) => addresses.map(() => undefined);
const { mapper } = await load(component, lookup);
const session = mapper.Session.open({
  tenant: settings.tenant && { id: settings.tenant.id ?? '', name: settings.tenant.name },
  localDomains: settings.local_domains,
  preserveOriginalEvent: settings.preserve_original_event ?? false,
  tags: settings.tags ?? [],
  dropStatus: settings.drop_status ?? [],
  fields: settings.fields && JSON.stringify(settings.fields),
  options: settings.options && JSON.stringify(settings.options),
});
const records = readFileSync(0, 'utf8').split(/(?<=\n)/);
for (let start = 0; start < records.length; start += BATCH) {
  const { documents } = session.mapBatch(records.slice(start, start + BATCH).join(''), {});
  process.stdout.write(documents);
}
