import { strict as assert } from "node:assert";
import { after, test } from "node:test";
import { isAccessible } from "./accessible.mjs";
import { launch } from "./launch.mjs";

const browser = await launch();
after(() => browser.close());

test("what is not accessible is found", async () => {
  const page = await browser.newPage();
  await page.setContent('<html lang="en"><title>t</title><main><h1>t</h1><img src="data:,"></main></html>');
  await assert.rejects(isAccessible(page), /image-alt/);
});
