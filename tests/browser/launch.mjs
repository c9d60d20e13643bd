// Opens Debian's Chromium, with the fonts that came with it, so that pages look the same on every machine.
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

// The tests run where their packages are installed, target/tools/browser.
export const top = process.env.EXOTRACE_TOP ?? join(dirname(fileURLToPath(import.meta.url)), "../../..");
const root = join(top, "target/tools/chromium/root");
const architecture = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch];
const libraries = join(root, "usr/lib", architecture);
// What libraries bring for themselves lies beside them.
const beside = ["pulseaudio", "blas", "lapack"].map((folder) => join(libraries, folder));

// The fonts of the packages alone: those of the machine would change the pictures.
const fonts = join(top, "target/tools/chromium/fonts.conf");
writeFileSync(
  fonts,
  `<?xml version="1.0"?>
<fontconfig>
  <dir>${join(root, "usr/share/fonts")}</dir>
  <cachedir>${join(top, "target/tools/chromium/fonts")}</cachedir>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`,
);

/** Starts the browser. It ends with the tests. */
export function launch() {
  return chromium.launch({
    executablePath: join(root, "usr/lib/chromium/chromium"),
    // Chromium's own sandbox needs rights that a container does not give; it opens pages of the tests alone.
    args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none", "--force-color-profile=srgb"],
    env: {
      ...process.env,
      LD_LIBRARY_PATH: [libraries, ...beside, process.env.LD_LIBRARY_PATH].filter(Boolean).join(":"),
      FONTCONFIG_FILE: fonts,
    },
  });
}
