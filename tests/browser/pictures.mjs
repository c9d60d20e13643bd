// Compares what a page looks like with the picture that was looked at and kept. `UPDATE_GOLDEN=1` writes it again.
import { strict as assert } from "node:assert";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { top } from "./launch.mjs";

const kept = join(top, "tests/browser/pictures");
const seen = join(top, "target/browser-pictures");

// Another version of Chromium draws edges a little differently.
const THRESHOLD = 0.2;
const MAX_PART = 0.01;

/** Compares a whole page with the picture `name`; what `mask` selects is covered, such as times. */
export async function looksLike(page, name, mask = []) {
  const masks = mask.map((selector) => page.locator(`${selector} >> visible=true`));
  const image = await page.screenshot({ fullPage: true, animations: "disabled", mask: masks, maskColor: "#808080" });
  mkdirSync(seen, { recursive: true });
  writeFileSync(join(seen, `${name}.png`), image);
  const file = join(kept, `${name}.png`);
  if (process.env.UPDATE_GOLDEN) {
    mkdirSync(kept, { recursive: true });
    writeFileSync(file, image);
    return;
  }
  assert.ok(existsSync(file), `no picture ${file}; UPDATE_GOLDEN=1 writes it, and then look at it`);
  const [one, other] = [PNG.sync.read(image), PNG.sync.read(readFileSync(file))];
  const size = ({ width, height }) => `${width} x ${height}`;
  assert.equal(size(one), size(other), `the size of ${name}; the new one is in ${seen}`);
  const difference = new PNG({ width: one.width, height: one.height });
  const options = { threshold: THRESHOLD };
  const pixels = pixelmatch(one.data, other.data, difference.data, one.width, one.height, options);
  if (pixels > MAX_PART * one.width * one.height) {
    writeFileSync(join(seen, `${name}.difference.png`), PNG.sync.write(difference));
    assert.fail(`${name}: ${pixels} pixels differ; see ${join(seen, `${name}.difference.png`)}`);
  }
}
