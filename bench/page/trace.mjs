// A trace of 100,000 spans in the page: its first rows, its layout, its frames, what is mounted, its memory.
import { framesOf, memoryOf, metricsOf, openPage, quantile } from "./browser.mjs";
import { timed, withView } from "./command.mjs";
import { makeTrace } from "./stores.mjs";

const LOADS = 3;
const STEPS = 120;

/** The rows of the table. */
export async function traceRows({ browser, folder, spans = 100_000 }) {
  const path = `${folder}/trace.db`;
  const { traceId } = await makeTrace(path, spans);
  return withView(path, async (server) => {
    const url = `${server.url}t/${traceId}`;
    const loads = [];
    for (let i = 0; i < LOADS; i++) loads.push(await load(browser, server, url));
    const best = loads.sort((a, b) => a.ms - b.ms)[0];
    const layout = Math.min(...loads.map(({ layoutMs }) => layoutMs));
    return [
      row("first rows", { figure: best.ms, processor: best.processorMs, bar: 1500, unit: "ms" }),
      row(`layout in the worker, least of ${LOADS}`, { figure: layout, bar: 40, unit: "ms" }),
      ...(await moves(browser, url)),
    ];
    function row(what, rest) {
      return { what: `trace of ${spans.toLocaleString("en")} spans: ${what}`, ...rest };
    }
  });
}

async function load(browser, server, url) {
  const { page, cdp, close } = await openPage(browser);
  await page.addInitScript(hearLayout);
  const { ms, processorMs } = await timed(server, async () => {
    await page.goto(url, { waitUntil: "commit" });
    await page.waitForSelector(".tr", { state: "attached", timeout: 120_000 });
  });
  const { ProcessTime: own } = await metricsOf(cdp);
  await page.waitForSelector(ALL_THERE, { timeout: 120_000 });
  const layoutMs = await page.evaluate(() => window.layoutMs);
  await close();
  return { ms, processorMs: processorMs + own * 1000, layoutMs };
}

/** Once all spans have come their kinds are counted. */
const ALL_THERE = ".tools > button.fact:first-child";

/** The worker says how long its layout took. */
function hearLayout() {
  const Known = window.Worker;
  window.Worker = class extends Known {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => {
        if (data.model?.whole) window.layoutMs = data.layoutMs;
      });
    }
  };
}

async function moves(browser, url) {
  const { page, cdp, close } = await openPage(browser);
  await page.goto(url);
  await page.waitForSelector(ALL_THERE, { timeout: 120_000 });
  await page.keyboard.press("Shift+ArrowRight");
  await page.waitForTimeout(1000);
  const rows = [];
  const most = { bars: 0, rows: 0 };
  for (const what of MOVES) {
    const frames = await framesOf(browser, page, () => page.evaluate(moved, { what, steps: STEPS }));
    const mounted = await page.evaluate(() => ({
      bars: document.querySelectorAll(".tb .sb").length,
      rows: document.querySelectorAll(".tr").length,
    }));
    most.bars = Math.max(most.bars, mounted.bars);
    most.rows = Math.max(most.rows, mounted.rows);
    rows.push(...framesRows(what, frames));
    if (what === "scroll") rows.push(...(await floorRows(browser, frames)));
    await page.bringToFront();
  }
  await metricsOf(cdp);
  const memory = await memoryOf(browser);
  await close();
  return [
    ...rows,
    { what: "most bars mounted", figure: most.bars, bar: 60, unit: "" },
    { what: "most rows mounted", figure: most.rows, bar: 120, unit: "" },
    {
      what: "memory of the page and its worker: all of their process",
      figure: memory / 1e6,
      bar: 300,
      unit: "MB",
    },
  ];
}

const MOVES = ["scroll", "zoom", "pan"];

/** Runs in the page, a step a frame: what came from outside would have its own pauses counted. */
function moved({ what, steps }) {
  const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const move = {
    scroll: (i) => {
      document.querySelector(".rows").scrollTop += i % 40 < 20 ? 240 : 2400;
    },
    zoom: (i) => press(i % 40 < 20 ? "w" : "s"),
    pan: (i) => press(i < 8 ? "w" : i % 40 < 20 ? "d" : "a"),
  }[what];
  return new Promise((resolve) => {
    const step = (i) => {
      if (i === steps) return resolve();
      move(i);
      requestAnimationFrame(() => step(i + 1));
    };
    step(0);
  });
}

/** What the same scroll costs of 40 rows of a word each: less cannot be had on this machine, in this browser. */
async function floorRows(browser, own) {
  const { page, close } = await openPage(browser);
  await page.setContent(FLOOR);
  await page.evaluate(plainRows);
  const { wall, processor, frames } = await framesOf(browser, page, () =>
    page.evaluate(moved, { what: "scroll", steps: STEPS }),
  );
  await close();
  const least = quantile(processor, 0.95);
  return [
    {
      what: `scroll of 40 plain rows, the floor: a frame of ${frames}, p95`,
      ...{ figure: quantile(wall, 0.95), processor: least, unit: "ms" },
    },
    {
      what: "scroll: a frame against the floor, p95",
      ...{ figure: quantile(own.wall, 0.95) / quantile(wall, 0.95), unit: "x" },
      processor: quantile(own.processor, 0.95) / least,
    },
  ];
}

const FLOOR = `<style>
  body { margin: 0; font: 13px/24px sans-serif }
  .rows { height: 700px; overflow: auto }
  .sheet { position: relative; height: 2400000px }
  .sheet div { position: absolute; left: 0; right: 0; height: 24px; contain: strict }
</style><div class="rows"><div class="sheet">${"<div>row</div>".repeat(40)}</div></div>`;

function plainRows() {
  const box = document.querySelector(".rows");
  const rows = [...document.querySelectorAll(".sheet div")];
  const look = () => {
    const from = Math.max(0, Math.floor(box.scrollTop / 24) - 6);
    for (let i = from; i < from + rows.length; i++) {
      const row = rows[i % rows.length];
      row.style.top = `${i * 24}px`;
      row.firstChild.data = `row ${i}`;
    }
  };
  look();
  box.addEventListener("scroll", look);
}

function framesRows(what, { frames, wall, processor }) {
  const rest = { unit: "ms" };
  return [
    {
      ...rest,
      what: `${what}: a frame of ${frames}, p95`,
      ...{ figure: quantile(wall, 0.95), processor: quantile(processor, 0.95), bar: 16.7 },
    },
    {
      ...rest,
      what: `${what}: the longest frame`,
      ...{ figure: Math.max(...wall), processor: Math.max(...processor), bar: 50 },
    },
  ];
}
