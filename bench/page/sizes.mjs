// What the page weighs: until its list is painted, and in all.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { openPage } from "./browser.mjs";
import { withView } from "./command.mjs";
import { makePrompts } from "./stores.mjs";

const PAGE = fileURLToPath(new URL("../../dist/viewer/page/", import.meta.url));

/** The rows of the table. */
export async function sizeRows({ browser, folder }) {
  const path = `${folder}/prompts.db`;
  await makePrompts(path, { conversations: 25, length: 20_000 });
  return withView(path, async (server) => {
    const first = await bytesToFirstPaint(browser, server.url);
    const all = filesOf(PAGE).reduce((sum, file) => sum + packed(file), 0);
    return [
      { what: "page, gzip: to first paint of the list", figure: first / 1024, bar: 45, unit: "KB" },
      { what: "page, gzip: all", figure: all / 1024, bar: 120, unit: "KB" },
    ];
  });
}

/** Of all files of the page that were asked for before its list was painted. */
async function bytesToFirstPaint(browser, url) {
  const { page, close } = await openPage(browser);
  const asked = new Set();
  page.on("request", (request) => asked.add(new URL(request.url()).pathname.slice(1) || "index.html"));
  await page.goto(url);
  await page.waitForSelector(".list .item");
  await close();
  return filesOf(PAGE)
    .filter((file) => asked.has(relative(PAGE, file)))
    .reduce((sum, file) => sum + packed(file), 0);
}

function packed(file) {
  return gzipSync(readFileSync(file), { level: 9 }).length;
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
