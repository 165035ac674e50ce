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
  const box = await page.locator(".rows").boundingBox();
  await page.mouse.move(box.x + box.width * 0.7, box.y + box.height / 2);
  const rows = [];
  const most = { bars: 0, rows: 0 };
  for (const [what, wheel] of Object.entries(MOVES)) {
    const frames = await framesOf(browser, page, async () => {
      for (let i = 0; i < STEPS; i++) {
        await wheel(page, i);
        await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
      }
    });
    const mounted = await page.evaluate(() => ({
      bars: document.querySelectorAll(".tb .sb").length,
      rows: document.querySelectorAll(".tr").length,
      all: document.querySelectorAll(".tb *").length,
    }));
    most.bars = Math.max(most.bars, mounted.bars);
    most.rows = Math.max(most.rows, mounted.rows);
    rows.push(...framesRows(what, frames));
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

const MOVES = {
  scroll: (page, i) => page.mouse.wheel(0, i % 40 < 20 ? 240 : 2400),
  zoom: async (page, i) => {
    await page.keyboard.press(i % 40 < 20 ? "w" : "s");
  },
  pan: async (page, i) => {
    if (i === 0) for (let k = 0; k < 8; k++) await page.keyboard.press("w");
    await page.keyboard.press(i % 40 < 20 ? "d" : "a");
  },
};

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
