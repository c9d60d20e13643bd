// Uses the playground as people do, and runs the command lines that it shows.
import { strict as assert } from "node:assert";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { top } from "./launch.mjs";

export const MAPPINGS = ["1.20", "2.2", "3.0", "ocsf-1.8"];

/** Opens the page and waits until it has started. An error in a script fails the test. */
export async function open(browser, url, options = {}) {
  const page = await browser.newPage(options);
  // On a busy machine.
  page.setDefaultTimeout(180_000);
  const troubles = [];
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  await page.goto(url);
  await page.locator("#main").waitFor({ timeout: 180_000 });
  await settled(page);
  return Object.assign(page, { troubles });
}

/** Waits until the page has done what it was given. */
export async function settled(page) {
  await page.locator('#documents[aria-busy="false"]').waitFor({ timeout: 180_000 });
}

/** Chooses a value and waits for what comes of it. */
export async function choose(page, id, value) {
  await page.selectOption(`#${id}`, value);
  await settled(page);
}

/** Opens a file of records, and waits until it is mapped. */
export async function openRecords(page, file) {
  await page.setInputFiles("#records-file", file);
  await settled(page);
}

/** Drops files on the page, each a name and bytes. */
export async function drop(page, ...files) {
  const given = files.map(({ name, buffer }) => ({ name, text: Buffer.from(buffer).toString("base64") }));
  const transfer = await page.evaluateHandle((files) => {
    const transfer = new DataTransfer();
    for (const { name, text } of files) {
      transfer.items.add(new File([Uint8Array.from(atob(text), (it) => it.charCodeAt(0))], name));
    }
    return transfer;
  }, given);
  await page.dispatchEvent("body", "drop", { dataTransfer: transfer });
}

/** The documents of each mapping, as the page gives them to save. */
export async function documents(page) {
  const links = await page.locator("#downloads a").all();
  const found = [];
  for (const link of links) {
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    found.push(readFileSync(await download.path()));
  }
  return found;
}

/** What the page says went wrong. */
export async function problems(page) {
  return (await page.locator("#problems").innerText()).trim();
}

/** The command lines that the page shows, in their order. */
export function commandLines(page) {
  return page.locator(".command code").allInnerTexts();
}

/** Runs a line in a folder that has the files which it names, copied or with these bytes. */
export function shell(line, files, made = {}) {
  const folder = mkdtempSync(join(tmpdir(), "exotrace-playground-"));
  try {
    symlinkSync(join(top, "fixtures"), join(folder, "fixtures"));
    for (const file of files) copyFileSync(file, join(folder, basename(file)));
    for (const [name, bytes] of Object.entries(made)) writeFileSync(join(folder, name), bytes);
    const path = `${join(top, "target/release")}:${process.env.PATH}`;
    const ended = spawnSync("bash", ["-c", line], { cwd: folder, env: { ...process.env, PATH: path }, maxBuffer: 2 ** 30 });
    assert.equal(ended.error, undefined);
    return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr.toString() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
