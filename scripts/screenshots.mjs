// Makes the pictures of the page in docs/images, on a store and at a moment that never change: node scripts/screenshots.mjs [FOLDER] [VIEW…].
// Needs Debian's chromium, or the one that CHROMIUM names. With the same chromium, fonts-inter and fonts-jetbrains-mono, the same bytes each time.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { palettePng } from "./palette.mjs";

const root = join(import.meta.dirname, "..");
const [folder = join(root, "docs/images"), ...wanted] = process.argv.slice(2);
const COMMAND = join(root, "dist/cli/main.js");
const STORE = join(root, "src/viewer/travel.jsonl.gz");
/** When the store was recorded: what runs, runs then. */
const NOW = Date.parse("2026-11-25T22:41:19.600Z");
const SIZES = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };
/** In bytes: a README is read on slow lines too. */
const MOST = 150_000;

const CONVERSATION = "c/trip-1042?call=7";
const TRACE = "t/4bf92f3577b34da6a3ce929d0e0e4736?span=6e3f09ed0a96ddc1";

/** What is on each picture: where it is, and how it comes to look so. */
const VIEWS = {
  list: { path: "", sizes: ["wide", "narrow"], ready: (page) => page.getByRole("row").nth(9).waitFor() },
  filter: { path: "", sizes: ["wide"], ready: completion },
  search: { path: "", sizes: ["wide"], ready: search },
  conversation: {
    path: CONVERSATION,
    sizes: ["wide", "narrow"],
    ready: async (page) => {
      await page.locator(".call-m[aria-current=true]").waitFor();
      await page.locator("aside .fresh").first().waitFor({ state: "attached" });
    },
  },
  lens: {
    path: "c/trip-1042?call=11",
    sizes: ["wide"],
    ready: (page) => page.getByRole("heading", { name: /^New since call/ }).waitFor(),
  },
  "compare-calls": {
    path: "compare?a=trip-1042%232&b=trip-1042%233",
    sizes: ["wide"],
    ready: (page) => page.getByRole("heading", { name: "Prompt and answer" }).waitFor(),
  },
  "compare-traces": {
    path: "compare?a=3f5908dfc2a14be0837d5cc1f9e2a6b8&b=4bf92f3577b34da6a3ce929d0e0e4736",
    sizes: ["wide"],
    ready: (page) => page.getByRole("table", { name: "Steps" }).getByRole("row").nth(3).waitFor(),
  },
  trace: {
    path: TRACE,
    sizes: ["wide", "narrow"],
    ready: (page) => page.getByRole("row", { selected: true }).waitFor(),
  },
  messages: {
    path: `${TRACE}&tab=messages`,
    sizes: ["wide"],
    ready: (page) => page.getByRole("tabpanel", { name: "Messages" }).waitFor(),
  },
  numbers: {
    path: "numbers?since=24h",
    sizes: ["wide", "narrow"],
    ready: (page) => page.getByRole("row").nth(2).waitFor(),
  },
};

const scratch = mkdtempSync(join(tmpdir(), "tracelight-pictures-"));
/** Which fonts stand for those of a system, whatever this machine prefers. */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <cachedir>${scratch}</cachedir>
  <alias binding="same"><family>system-ui</family><prefer><family>Inter</family><family>Liberation Sans</family></prefer></alias>
  <alias binding="same"><family>ui-monospace</family><prefer><family>JetBrains Mono</family><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`;

try {
  await makeAll();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function makeAll() {
  mkdirSync(folder, { recursive: true });
  const browser = await launched();
  let server;
  try {
    server = await served();
    for (const [name, view] of Object.entries(VIEWS)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      for (const size of view.sizes)
        for (const theme of ["light", "dark"]) await make(browser, server.url, { name, view, size, theme });
    }
  } finally {
    await browser.close();
    server?.stop();
  }
}

async function make(browser, url, { name, view, size, theme }) {
  const page = await opened(browser, { viewport: SIZES[size], colorScheme: theme });
  await page.goto(url + view.path);
  await page.getByRole("button", { name: "Live", exact: true }).waitFor();
  await view.ready(page);
  const { width, height } = SIZES[size];
  const picture = palettePng(await pixelsOf(browser, await settled(page)), width, height);
  await page.context().close();
  const file = `${name}${size === "narrow" ? "-narrow" : ""}-${theme}.png`;
  if (picture.length > MOST) throw new Error(`${file} has ${picture.length} bytes: more than ${MOST}`);
  writeFileSync(join(folder, file), picture);
  console.log(`${file} ${picture.length} bytes`);
}

/** A page at which it is always that moment. What it complains of ends the script. */
async function opened(browser, options) {
  const context = await browser.newContext({ ...options, timezoneId: "UTC", reducedMotion: "reduce" });
  const page = await context.newPage();
  await page.clock.setFixedTime(NOW);
  page.on("pageerror", (error) => {
    throw error;
  });
  return page;
}

/** The picture once nothing changes any more: the same three times. */
async function settled(page) {
  let picture = Buffer.alloc(0);
  for (let same = 0; same < 2; ) {
    await page.waitForTimeout(100);
    const next = await page.screenshot({ animations: "disabled", caret: "hide" });
    same = next.equals(picture) ? same + 1 : 0;
    picture = next;
  }
  return picture;
}

/** The pixels of a PNG: Chromium reads it. */
async function pixelsOf(browser, png) {
  const page = await browser.newPage();
  const pixels = await page.evaluate(
    async (source) => {
      const image = await createImageBitmap(await (await fetch(source)).blob());
      const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
      context.drawImage(image, 0, 0);
      const { data } = context.getImageData(0, 0, image.width, image.height);
      return new Uint8Array(data.buffer).toBase64();
    },
    `data:image/png;base64,${png.toString("base64")}`,
  );
  await page.close();
  return Buffer.from(pixels, "base64");
}

async function completion(page) {
  const input = page.getByRole("combobox", { name: "Filter" });
  await input.fill('status = ERROR and ai.tool.name = "get');
  await page.getByRole("option").first().waitFor();
}

async function search(page) {
  await page.getByRole("row").nth(9).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Search words" }).fill("amsterdam umbrella");
  await page.getByRole("option").first().waitFor();
}

/** `tracelight view` as users have it, with a clock that stands. */
async function served() {
  const [lines, database] = [join(scratch, "travel.jsonl"), join(scratch, "traces.db")];
  writeFileSync(lines, gunzipSync(readFileSync(STORE)));
  const [status] = await once(command("import", lines, database), "exit");
  if (status !== 0) throw new Error(`tracelight import ended with ${status}`);
  const child = command("view", database, "--port", "0");
  const said = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
  const [url] = String(said).match(/^http:\S+/) ?? [];
  if (url === undefined) throw new Error(`tracelight view said ${said}`);
  return { url, stop: () => child.kill() };
}

function command(...args) {
  const clock = `data:text/javascript,${encodeURIComponent(`(${standStill})(${NOW})`)}`;
  return spawn(process.execPath, ["--import", clock, COMMAND, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function standStill(now) {
  globalThis.Date = class extends Date {
    constructor(...args) {
      super(...(args.length === 0 ? [now] : args));
    }
    static now() {
      return now;
    }
  };
}

function launched() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath))
    throw new Error(`There is no browser at ${executablePath}: apt-get install chromium`);
  const fonts = join(scratch, "fonts.conf");
  writeFileSync(fonts, FONTS);
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none", "--disable-lcd-text"],
    env: { ...process.env, FONTCONFIG_FILE: fonts },
  });
}
