import { strict as assert } from "node:assert";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { isAccessible } from "./accessible.mjs";
import { launch, top } from "./launch.mjs";
import { looksLike } from "./pictures.mjs";
import { MAPPINGS, choose, commandLines, documents, drop, open, openRecords, problems, settled, shell } from "./playground.mjs";
import { serve } from "./site.mjs";

const folder = join(top, "target/page");
const site = await serve(folder);
const browser = await launch();
after(async () => {
  await browser.close();
  site.close();
});

const fixture = (path) => join(top, "fixtures", path);
const filesOf = (path) =>
  readdirSync(fixture(path)).map((name) => fixture(join(path, name))).filter((path) => statSync(path).isFile());
const records = filesOf("records").filter((path) => path.endsWith(".ndjson"));
const guest = (name) => readFileSync(join(top, "tests/guests", `${name}.wasm`));
const wellFormed = fixture("records/well-formed.ndjson");

/** What the program says at the end of a line on standard error, as the page says it. */
const said = (stderr) => stderr.trim().split("\n").filter((line) => /^\d.* record/.test(line)).map((line) => line.replaceAll("`", ""));

test("documents are those of exotrace map, to the byte, with the line that the page shows", async () => {
  const page = await open(browser, site.url);
  await page.fill("#local-domains", "contoso.com\n*.fabrikam.com");
  const compared = { files: 0, bytes: 0 };
  for (const [left, right] of [["1.20", "2.2"], ["3.0", "ocsf-1.8"]]) {
    await choose(page, "left", left);
    await choose(page, "right", right);
    for (const file of [...records, ...filesOf("files"), fixture("conformance/edge-cases.ndjson")]) {
      await openRecords(page, file);
      const found = await documents(page);
      assert.equal(found.length, 2, `${file}: ${await problems(page)}`);
      const summary = await page.locator("#summary").innerText();
      for (const [side, line] of (await commandLines(page)).slice(0, 2).entries()) {
        const { stdout, stderr, code } = shell(line, [file]);
        // Of a file that cannot be read to its end, both give what came before, and say why.
        const stopped = stderr.match(/^error: could not read `.*?`: (.*)$/m)?.[1];
        assert.equal(code === 1, stopped !== undefined, `${line}: ${stderr}`);
        assert.ok((await problems(page)).includes(stopped ?? ""), `${stopped} is not said`);
        assert.ok(stdout.equals(found[side]), `${line}\n${stdout.toString().slice(0, 500)}\n${found[side].toString().slice(0, 500)}`);
        said(stderr).forEach((it) => assert.ok(summary.includes(it), `${it} is not in ${summary}`));
        compared.bytes += stdout.length;
      }
      compared.files += 1;
    }
  }
  assert.ok(compared.files >= 40 && compared.bytes > 100_000, JSON.stringify(compared));
  assert.deepEqual(page.troubles, []);
  await page.close();
});

test("settings are those of the program, and its lines carry them", async () => {
  const page = await open(browser, site.url);
  await choose(page, "left", "3.0");
  await page.fill("#tenant-id", "Contoso.onmicrosoft.com");
  await page.fill("#tenant-name", "Contoso's \u202eodd $(name)");
  await page.fill("#tags", "one\n-two words");
  await page.check("#preserve");
  await page.fill("#options", '{"privacy": {}}');
  await openRecords(page, wellFormed);
  const lines = await commandLines(page);
  const map = shell(lines[0], [wellFormed]);
  if (map.code === 0) assert.ok(map.stdout.equals((await documents(page))[0]), lines[0]);
  else assert.notEqual(await problems(page), "", `the program refuses what the page takes: ${map.stderr}`);
  await page.fill("#options", "");
  await settled(page);
  const again = shell((await commandLines(page))[0], [wellFormed]);
  assert.equal(again.code, 0, again.stderr);
  assert.ok(again.stdout.equals((await documents(page))[0]));
  const tested = shell((await commandLines(page))[1], [wellFormed]);
  assert.equal(tested.code, 0, tested.stdout + tested.stderr);
  assert.deepEqual(page.troubles, []);
  await page.close();
});

/** A frame of Zstandard that has bytes as they are. */
function zstandard(bytes) {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32LE(bytes.length, 5);
  head.writeUIntLE((bytes.length << 3) | 1, 9, 3);
  return Buffer.concat([head, bytes]);
}

test("compressed files are unpacked, one member after another", async () => {
  const page = await open(browser, site.url);
  const text = readFileSync(wellFormed);
  const half = text.indexOf("\n") + 1;
  const skipped = Buffer.from("502a4d180300000061626300", "hex").subarray(0, 11);
  const files = {
    "one.zst": zstandard(text),
    "two.zst": Buffer.concat([zstandard(text.subarray(0, half)), skipped, zstandard(text.subarray(half))]),
    "two.gz": Buffer.concat([gzipSync(text.subarray(0, half)), gzipSync(text.subarray(half))]),
  };
  await openRecords(page, wellFormed);
  const plain = (await documents(page))[0];
  const made = mkdtempSync(join(tmpdir(), "exotrace-compressed-"));
  for (const [name, buffer] of Object.entries(files)) {
    const file = join(made, name);
    writeFileSync(file, buffer);
    await openRecords(page, file);
    assert.equal(await problems(page), "", name);
    const found = (await documents(page))[0];
    assert.ok(plain.equals(found), name);
    assert.ok(shell((await commandLines(page))[0], [file]).stdout.equals(found), name);
  }
  rmSync(made, { recursive: true });
  await page.close();
});

test("files that are refused are refused with the words of the program", async () => {
  const page = await open(browser, site.url);
  for (const file of filesOf("files/refused")) {
    await openRecords(page, file);
    const { stderr, code } = shell((await commandLines(page))[0], [file]);
    assert.equal(code, 1, file);
    const [error, hint] = stderr.trim().split("\n");
    const told = await problems(page);
    assert.ok(told.includes(error.split("`: ").at(-1)), `${told}\n\n${stderr}`);
    if (!/date-order/.test(hint)) assert.ok(told.includes(hint.replace("hint: ", "")), `${told}\n\n${stderr}`);
  }
  await choose(page, "date-order", "day-first");
  await openRecords(page, fixture("files/refused/ambiguous.csv"));
  const { stdout } = shell((await commandLines(page))[0], [fixture("files/refused/ambiguous.csv")]);
  assert.ok(stdout.length > 0 && stdout.equals((await documents(page))[0]));
  await page.close();
});

test("what is no record is said, with where and what to do", async () => {
  const page = await open(browser, site.url);
  const check = async (name, buffer, ...expected) => {
    await openRecords(page, { name, mimeType: "", buffer: Buffer.from(buffer) });
    const told = await problems(page);
    expected.forEach((it) => assert.match(told, it, name));
  };
  await check("empty.json", "", /^$/);
  assert.match(await page.locator("#summary").innerText(), /No records yet/);
  await check("blank.json", " \n\n", /blank.json: there are no records[\s\S]*hint: /);
  await check("notes.txt", "Dear colleague\n", /notes.txt: [\s\S]+/);
  await check("picture.json", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa, 0, 0, 0, 0]), /picture.json: [\s\S]+/);
  await check("cut.json", '{"value":[{"id":"1","receivedDateTime":"2026-01-01T00:00:00Z"},{"id":', /line 1: .*not whole/);
  await check("cut.gz", readFileSync(fixture("files/lines.ndjson.gz")).subarray(0, 60), /cut.gz: could not read on: /);
  await check("future.ndjson", '{"Received":"2999-01-01T00:00:00"}', /line 1: date of receipt 2999[\s\S]*hint: /);
  await check("other.ndjson", '{"a":1}\n{"b":2}', /0 of 2 records are message trace; is other.ndjson the right file\?/);
  await check("<img src=x onerror=alert(1)>.json", " ", /<img src=x onerror=alert\(1\)>.json: there are no records/);
  assert.equal(await page.locator("img").count(), 0);
  assert.deepEqual(page.troubles, []);
  await page.close();
});

test("bad settings are said beside their field", async () => {
  const page = await open(browser, site.url);
  await openRecords(page, wellFormed);
  const check = async (id, text, expected) => {
    await page.fill(`#${id}`, text);
    await settled(page);
    assert.match(await page.locator(`#${id}-problem`).innerText(), expected);
    assert.match(await problems(page), expected);
    assert.equal(await page.locator("#rows article").count(), 0);
    await page.fill(`#${id}`, "");
    await settled(page);
    assert.equal(await problems(page), "");
    assert.ok((await page.locator("#rows article").count()) > 0);
  };
  await check("local-domains", "contoso.com\ncontoso", /`contoso` has no point in it/);
  await check("tenant-id", "my tenant", /neither a GUID nor a domain/);
  await check("options", "[1]", /not a JSON object/);
  await page.fill("#options", "{}");
  await settled(page);
  assert.match(await problems(page), /mapping `2.2`: this mapping version has no rule for `options`[\s\S]*hint: /);
  await choose(page, "left", "3.0");
  await page.fill("#options", '{"privacy": {"no": 1}}');
  await settled(page);
  assert.match(await problems(page), /mapping `3.0`: options: \/privacy/);
  await page.setInputFiles("#suffix-file", { name: "list.dat", mimeType: "", buffer: Buffer.from("// a list of nothing") });
  await page.fill("#options", "");
  await settled(page);
  assert.match(await problems(page), /mapping `3.0`: public suffix list: /);
  await page.locator("#suffix-built-in").click();
  await settled(page);
  assert.equal(await problems(page), "");
  assert.deepEqual(page.troubles, []);
  await page.close();
});

test("a component that was dropped maps as the program maps with it", async () => {
  const page = await open(browser, site.url);
  await openRecords(page, wellFormed);
  for (const [path, name] of [["wit/0.1.0/mapping-2.2.wasm", "mine, 0.1.wasm"], ["wit/0.2.0/component.wasm", "-mine's.wasm"]]) {
    const buffer = readFileSync(fixture(path));
    await drop(page, { name, buffer });
    await settled(page);
    assert.equal(await page.locator("#file-problems").innerText(), "");
    const line = (await commandLines(page))[0].replace(/--mapping \S.*\.wasm'?/, `--mapping ${fixture(path)}`);
    const { stdout, stderr, code } = shell(line, [wellFormed]);
    assert.equal(code, 0, stderr);
    assert.ok(stdout.equals((await documents(page))[0]), line);
  }
  assert.match(await page.locator("#left-about").innerText(), /contract 0.2.0 9.8.8: shown 1.0, contract 0.2.0/);
  assert.match((await commandLines(page))[0], /--mapping '.\/-mine'\\''s.wasm'/);
  await choose(page, "right", "2.2");
  assert.match(await page.locator("#fields-title").innerText(), /fields? differs?/);
  assert.ok((await page.locator(".json .only").count()) > 0);
  assert.deepEqual(page.troubles, []);
  await page.close();
});

test("a file that is not a mapping is refused, and the page goes on", async () => {
  const page = await open(browser, site.url);
  await openRecords(page, wellFormed);
  const before = await page.locator("#rows").innerText();
  const whole = readFileSync(fixture("wit/0.2.0/component.wasm"));
  const check = async (buffer, expected) => {
    await drop(page, { name: "it.wasm", buffer });
    await settled(page);
    const told = await page.locator("#file-problems").innerText();
    assert.match(told, expected);
    assert.match(told, /hint: ./);
    assert.equal(await page.locator("#rows").innerText(), before);
  };
  await check("", /`it.wasm` is empty/);
  await check("a mapping", /`it.wasm` is not WebAssembly/);
  await check(Buffer.from("0061736d01000000", "hex"), /is a core module, not a component/);
  await check(whole.subarray(0, whole.length / 2), /is not a component that can be run/);
  await check(guest("wasi-import"), /imports `wasi:.*; a mapping may import `exotrace:mapping\/geo` and nothing else/);
  await check(guest("unknown-import"), /imports `/);
  await check(guest("wrong-world"), /is a component, and not a mapping/);
  await check(guest("describe-traps"), /does not say what it is/);
  await drop(page, { name: "it.mmdb", buffer: "no database" });
  await settled(page);
  assert.match(await page.locator("#file-problems").innerText(), /`it.mmdb` is not a database in MaxMind format[\s\S]*hint: /);
  await page.close();
});

test("components that misbehave harm nobody", async () => {
  const page = await open(browser, site.url);
  // At a record whose first name is `x`, they do what they are called.
  const marked = Buffer.from('{"Received":"2026-01-02"}\n{"x":"2026-01-02"}\n{"Received":"2026-01-03"}\n');
  await openRecords(page, { name: "marked.ndjson", mimeType: "", buffer: marked });
  const check = async (name, expected) => {
    await drop(page, { name: `${name}.wasm`, buffer: guest(name) });
    await settled(page);
    const told = `${await page.locator("#file-problems").innerText()}\n${await problems(page)}\n${await page.locator("#summary").innerText()}`;
    assert.match(told, expected, name);
  };
  for (const name of ["trap-at-once", "trap-on-record", "wrong-count", "wrong-length", "not-json", "deep-recursion"]) {
    await check(name, /left out at which the mapping stopped/);
    const { stdout, stderr } = shell(`exotrace map --mapping ${join(top, "tests/guests", name)}.wasm marked.ndjson`, [], { "marked.ndjson": marked });
    const counts = (text) => text.match(/\d+ records: .* mapped, \d+ left out at which the mapping stopped/)?.[0];
    assert.equal(counts(await page.locator("#summary").innerText()), counts(stderr), stderr);
    assert.ok(stdout.equals((await documents(page))[0]), name);
  }
  await check("open-traps", /mapping `open-traps.wasm`: could not be opened/);
  await check("endless-loop", /has not answered for 10 seconds, and was stopped[\s\S]*hint: /);
  await choose(page, "left", "2.2");
  assert.equal(await problems(page), "");
  assert.ok((await page.locator("#rows article").count()) > 0);
  await page.close();
});

test("geo databases that were dropped are asked", async () => {
  const page = await open(browser, site.url);
  // An address that MaxMind's test databases know, and the small ones do not.
  const buffer = Buffer.from('{"Received":"2026-01-02T00:00:00","SenderAddress":"a@b.com","FromIP":"81.2.69.142"}\n');
  await openRecords(page, { name: "one.ndjson", mimeType: "", buffer });
  const small = (await documents(page))[0];
  const databases = ["City", "ASN"].map((kind) => fixture(`conformance/geo/GeoLite2-${kind}-Test.mmdb`));
  await drop(page, ...databases.map((path) => ({ name: basename(path), buffer: readFileSync(path) })));
  await settled(page);
  const { stdout, stderr } = shell((await commandLines(page))[0], databases, { "one.ndjson": buffer });
  const own = (await documents(page))[0];
  assert.ok(stdout.equals(own), stderr);
  assert.ok(!own.equals(small));
  await choose(page, "geo", "none");
  const none = (await documents(page))[0];
  assert.ok(!none.includes('"country_iso_code"'));
  await choose(page, "geo", "small");
  assert.ok(small.equals((await documents(page))[0]));
  await page.close();
});

test("100,000 records leave the page free, and can be stopped", async () => {
  const page = await open(browser, site.url);
  const lines = readFileSync(wellFormed, "utf8").trim().split("\n");
  const count = 100_000;
  const many = Array.from({ length: count }, (_, at) => lines[at % lines.length]).join("\n");
  await choose(page, "right", "3.0");
  const folder = mkdtempSync(join(tmpdir(), "exotrace-"));
  const file = join(folder, "many.ndjson");
  writeFileSync(file, many);
  await page.evaluate(() => {
    globalThis.frames = 0;
    const next = () => {
      globalThis.frames += 1;
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
  await page.setInputFiles("#records-file", file);
  await page.locator("#stop:enabled").waitFor();
  const before = await page.evaluate(() => globalThis.frames);
  // The page answers while it maps.
  await page.locator("#rows article").first().waitFor();
  await page.locator("#next").click();
  await settled(page);
  const frames = (await page.evaluate(() => globalThis.frames)) - before;
  assert.match(await page.locator("#rate").innerText(), /^100,000 records, [\d,]+ records a second$/);
  assert.ok(frames > 60, `${frames} frames`);
  console.log(`mapped by two mappings: ${await page.locator("#rate").innerText()}, ${frames} frames`);
  await page.locator("#last").click();
  await page.locator('h3:text-is("Record 100,000")').waitFor();
  await page.locator("#map").click();
  await page.locator("#stop:enabled").click();
  await settled(page);
  assert.match(await page.locator("#summary").innerText(), /Stopped before the end/);
  assert.deepEqual(page.troubles, []);
  await page.close();
  rmSync(folder, { recursive: true });
});

test("nothing leaves the page", async () => {
  const context = await browser.newContext();
  const requests = [];
  context.on("request", (request) => requests.push(request.url()));
  const page = await open(context, site.url);
  const loaded = site.asked.length;
  await page.locator("#example").click();
  await settled(page);
  await choose(page, "right", "ocsf-1.8");
  await drop(page, { name: "mine.wasm", buffer: readFileSync(fixture("wit/0.2.0/component.wasm")) });
  await settled(page);
  const foreign = requests.filter((url) => !url.startsWith(site.url) && !/^(blob|data):/.test(url));
  assert.deepEqual(foreign, []);
  // Parts of the page itself, and nothing with a query or from elsewhere.
  assert.ok(site.asked.slice(loaded).every((path) => /^\/parts\/mapping-[\w.-]+\.js$/.test(path)), site.asked.join("\n"));
  const tries = async (where) => where.evaluate(async (url) => {
    const allowed = [];
    const attempt = async (name, call) => {
      try {
        if ((await call()) !== false) allowed.push(name);
      } catch {}
    };
    const native = Object.getPrototypeOf(globalThis);
    await attempt("fetch", () => Window?.prototype && fetch(url));
    await attempt("XMLHttpRequest", () => new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      Object.assign(request, { onload: resolve, onerror: reject });
      request.open("GET", url);
      request.send();
    }));
    await attempt("EventSource", () => new Promise((resolve, reject) => {
      Object.assign(new EventSource(url), { onopen: resolve, onerror: reject });
    }));
    await attempt("WebSocket", () => new Promise((resolve, reject) => {
      Object.assign(new WebSocket(url.replace("http", "ws")), { onopen: resolve, onerror: reject });
    }));
    return { allowed, native: String(native) };
  }, `${site.url}style.css`);
  assert.deepEqual((await tries(page)).allowed, []);
  assert.equal(page.workers().length, 1);
  assert.deepEqual((await tries(page.workers()[0])).allowed, []);
  assert.ok(!site.asked.slice(loaded).includes("/style.css"));
  await context.close();
});

test("it is used with the keyboard alone", async () => {
  const page = await open(browser, site.url);
  const press = async (key, times = 1) => {
    for (let at = 0; at < times; at += 1) await page.keyboard.press(key);
  };
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
  /** Goes on with the tabulator until something has the focus. */
  const tabTo = async (id) => {
    for (let steps = 0; steps < 60; steps += 1) {
      await press("Tab");
      if ((await focused()) === id) return;
    }
    assert.fail(`${id} is not reached`);
  };
  await press("Tab");
  assert.equal(await focused(), "Skip to the documents");
  await tabTo("example");
  await press("Enter");
  await settled(page);
  await tabTo("right");
  await press("3");
  await settled(page);
  await tabTo("filter");
  await page.evaluate(() => document.activeElement.matches(":focus-visible") || assert.fail("no ring"));
  const first = await page.locator("#rows h3").first().innerText();
  await press("Shift+Tab");
  await page.keyboard.press("Control+Enter");
  await settled(page);
  assert.equal(await page.locator("#rows h3").first().innerText(), first);
  assert.equal(await page.locator("#right").inputValue(), "3.0");
  await page.close();
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1600]) {
    test(`it can be read in the ${colorScheme}, ${width} pixels wide`, async () => {
      const page = await open(browser, site.url, { colorScheme, viewport: { width, height: 900 } });
      // One record: the whole page is in the picture.
      await page.fill("#records", readFileSync(wellFormed, "utf8").split("\n")[0]);
      await settled(page);
      await choose(page, "right", "3.0");
      await page.locator("#fields-title").click();
      await isAccessible(page);
      const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(inner <= outer, `${inner} pixels on a screen of ${outer}`);
      await looksLike(page, `playground-${width}-${colorScheme}`, ["#rate"]);
      await page.fill("#options", "[");
      await settled(page);
      await isAccessible(page);
      await page.close();
    });
  }
}

test("opened as a file, it says what to do", async () => {
  const page = await browser.newPage();
  await page.goto(`file://${join(folder, "index.html")}`);
  await page.getByText("python3 -m http.server").waitFor({ timeout: 60_000 });
  assert.ok(await page.locator("#not-started").isVisible());
  await page.close();
});
