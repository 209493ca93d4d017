// The browsers of this machine, and who drives them: both pages are tried in them.

import { existsSync } from "node:fs";
import { createRequire } from "node:module";

const BINARIES = {
  chrome: ["/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"],
  firefox: ["/usr/bin/firefox-esr", "/usr/bin/firefox"],
};
const page = new URL("../../../aae_keras/report/page/package.json", import.meta.url);
const puppeteer = await driver();

async function driver() {
  try {
    return (await import(createRequire(page).resolve("puppeteer-core"))).default;
  } catch {
    return null;
  }
}

export const KINDS = Object.keys(BINARIES);

/** What a browser lacks to be driven here; false if nothing. */
export function lacking(kind) {
  if (!puppeteer) return "no puppeteer-core";
  return !binary(kind) && `no ${kind}`;
}

/** A browser of a kind, without a window. */
export function launch(kind) {
  const args = kind === "chrome" ? ["--no-sandbox"] : [];
  return puppeteer.launch({ browser: kind, executablePath: binary(kind), headless: true, args });
}

/** Give a tab a size; what else is set with it, a screen's orientation, not every Firefox knows. */
export async function resize(tab, size) {
  try {
    await tab.setViewport(size);
  } catch (error) {
    if (!/unknown command/.test(error.message)) throw error;
  }
  await holds(tab, (width) => innerWidth === width, size.width);
}

/** Wait until something holds in a tab; not by Puppeteer's own, which Firefox's policies refuse. */
export async function holds(tab, what, ...values) {
  const end = Date.now() + 60000;
  while (!(await tab.evaluate(what, ...values))) {
    if (Date.now() > end) throw new Error(`It did not come to hold: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

function binary(kind) {
  return BINARIES[kind].find((place) => existsSync(place));
}
