// The status page of a running exotrace, as people see and use it.
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { isAccessible } from "./accessible.mjs";
import { EVIL, StatusDaemon, TOKEN } from "./daemon.mjs";
import { launch } from "./launch.mjs";
import { looksLike } from "./pictures.mjs";

// What is another one each time: moments, lengths of time, numbers of processes and of attempts.
const PASSING = ["#about", "time", ".told", ".passing", ".budget span", "#outputs td.number", "#mapping td", ".source .inside td"];

let daemon;
let browser;
const problems = [];

before(async () => {
  daemon = new StatusDaemon();
  [browser] = await Promise.all([launch(), daemon.begin()]);
});
after(async () => {
  await browser?.close();
  await daemon?.end();
});

/** A page of its own. What goes wrong in it, and where it asks, is noted. */
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, ...options });
  const page = await context.newPage();
  // On a busy machine.
  page.setDefaultTimeout(180_000);
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("dialog", (dialog) => problems.push(`a dialog: ${dialog.message()}`));
  page.on("console", (message) => {
    // That the token is missing at first.
    if (message.type() === "error" && !message.text().includes("401")) problems.push(message.text());
  });
  page.on("request", (request) => {
    const { origin, pathname } = new URL(request.url());
    if (origin !== daemon.url || !["/", "/status.json", "/favicon.ico"].includes(pathname)) problems.push(request.url());
    if (request.url().includes(TOKEN)) problems.push("the token is in an address");
  });
  await page.goto(daemon.url);
  return page;
}

/** The page with everything on it, and with nothing that moves. */
async function opened(options) {
  const page = await open(options);
  await page.locator("input[name=token]").fill(TOKEN);
  await page.getByRole("button", { name: "show" }).click();
  await page.locator("#mapping").waitFor();
  await page.getByRole("button", { name: "pause" }).click();
  return page;
}

async function close(page) {
  await page.context().close();
  assert.deepEqual(problems.splice(0), []);
}

test("every panel shows what the running program knows", async () => {
  const page = await opened();
  const shows = async (panel, ...texts) => {
    const shown = await page.locator(`#${panel}`).innerText();
    for (const text of texts) assert.ok(shown.includes(text), `${text} in ${panel}: ${shown}`);
  };
  await shows("trouble", "source `northwind` needs attention", "in trouble", "2 gaps in the last 10 days", "dead letters wait");
  await shows("coverage", "contoso", "fabrikam", "northwind", EVIL, "2 gaps", "nothing is covered yet", "being read");
  await shows("history", "mapped in part", "dead letters", "12:00");
  await shows("outputs", "siem", "lake", "503", "retrying");
  await shows("budget", "contoso", "of 100,000 in 5m");
  await shows("dead-letters", "output siem", "document_parsing_exception");
  await shows("files", `${EVIL}.csv`, "yes");
  await shows("trial", "Shadow of mapping 3.0.0 with 100 %", "event.id", "aaa");
  await shows("mapping", "Mapping 2.2.0", "pinned", "trial began", "current");
  const drawn = (selector) => page.locator(selector).count();
  assert.ok(await drawn(".bar rect.covered") >= 1 && await drawn(".bar rect.reading") >= 1);
  assert.ok(await drawn(".bar rect.gap") === 1, "of the last day");
  assert.ok(await drawn(".bar polygon.late") >= 4);
  assert.ok(await drawn("#history rect.mapped") > 250 && await drawn("#lag rect.point") > 250);
  // What comes from outside is text.
  assert.equal(await drawn("img, iframe, b"), 0);
  await close(page);
});

test("longer times, one source, and what is inside of it", async () => {
  const page = await opened();
  await page.locator("select[name=span]").selectOption("week");
  await page.locator("#history h2", { hasText: "1h each" }).waitFor();
  assert.equal(await page.locator(".bar rect.gap").count(), 2);
  await page.locator("select[name=source]").selectOption("northwind");
  await page.locator("#history svg[aria-label^='0 rows']").waitFor();
  await page.locator("summary", { hasText: "contoso" }).click();
  await page.locator(".inside td", { hasText: "the service refused every way to read them" }).waitFor();
  // It stays open when the page is drawn again.
  await page.locator("select[name=span]").selectOption("90days");
  await page.locator("#history h2", { hasText: "12h each" }).waitFor();
  assert.ok(await page.locator(".inside td", { hasText: "older than the service keeps records" }).isVisible());
  await close(page);
});

test("by keyboard alone", async () => {
  const page = await open();
  const focused = () => page.evaluate(() => document.activeElement.outerHTML.slice(0, 120));
  const tabTo = async (selector) => {
    for (let count = 0; count < 60; count += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
    }
    assert.fail(`${selector} is not reached; at ${await focused()}`);
  };
  await tabTo("input[name=token]");
  await page.keyboard.type(`${TOKEN}\n`);
  await page.locator("#mapping").waitFor();
  await page.locator("body").press("Tab");
  await tabTo("select[name=span]");
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(ring, "none");
  await page.keyboard.press("ArrowDown");
  await page.locator("#history h2", { hasText: "1h each" }).waitFor();
  await tabTo("details.source > summary");
  await page.keyboard.press("Enter");
  await page.locator("details.source[open] .inside").waitFor();
  await tabTo("#outputs .scroll");
  await close(page);
});

test("with a wrong token, nothing is shown but that it is wrong", async () => {
  const page = await open();
  await isAccessible(page);
  await page.locator("input[name=token]").fill("wrong");
  await page.getByRole("button", { name: "show" }).click();
  await page.getByRole("alert").waitFor();
  assert.equal(await page.getByRole("alert").innerText(), "The token is wrong.");
  assert.equal(await page.locator("#coverage").count(), 0);
  await page.locator("input[name=token]").fill(TOKEN);
  await page.keyboard.press("Enter");
  await page.locator("#coverage").waitFor();
  await close(page);
});

test("without JavaScript there are tables", async () => {
  const page = await open({ javaScriptEnabled: false });
  await page.locator("input[name=token]").fill(TOKEN);
  await page.getByRole("button", { name: "show" }).click();
  await page.locator("#mapping-history").waitFor();
  const shown = await page.locator("main").innerText();
  for (const text of ["contoso", "fabrikam", EVIL, "503", "document_parsing_exception", "event.id", "trial began"]) {
    assert.ok(shown.includes(text), `${text}: ${shown}`);
  }
  assert.equal(new URL(page.url()).search, "");
  await close(page);
});

test("three hundred sources can be found", async () => {
  const page = await open();
  await page.route("**/status.json*", async (route) => {
    const report = await daemon.report();
    const [one] = report.sources;
    report.sources = Array.from({ length: 300 }, (_, number) => ({ ...one, name: `tenant-${String(number).padStart(3, "0")}` }));
    await route.fulfill({ json: report });
  });
  await page.locator("input[name=token]").fill(TOKEN);
  await page.getByRole("button", { name: "show", exact: true }).click();
  await page.locator("#coverage").waitFor();
  assert.equal(await page.locator("details.source").count(), 50);
  await page.getByLabel("find a source").fill("tenant-29");
  assert.equal(await page.locator("details.source").count(), 10);
  await page.getByLabel("find a source").fill("");
  await page.getByRole("button", { name: "show all 300" }).click();
  assert.equal(await page.locator("details.source").count(), 300);
  await close(page);
});

test("when exotrace does not answer, what is shown is said to be old", async () => {
  const page = await open();
  await page.locator("input[name=token]").fill(TOKEN);
  await page.keyboard.press("Enter");
  await page.locator("#coverage").waitFor();
  await page.route("**/status.json*", (route) => route.abort());
  await page.getByText("What is shown is old.").waitFor();
  problems.splice(0);
  await page.unroute("**/status.json*");
  await page.getByText("as of").waitFor();
  await close(page);
});

for (const width of [360, 1600]) {
  for (const colorScheme of ["light", "dark"]) {
    test(`it is readable at ${width} pixels, ${colorScheme}`, async () => {
      const page = await opened({ viewport: { width, height: 1000 }, colorScheme });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width, "it scrolls sideways");
      await looksLike(page, `status-${width}-${colorScheme}`, PASSING);
      for (const name of ["contoso", "fabrikam"]) await page.locator("details.source > summary", { hasText: name }).click();
      for (const table of await page.getByText("as a table").all()) await table.click();
      await isAccessible(page);
      await close(page);
    });
  }
}
