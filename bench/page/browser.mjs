// A headless Chromium, its pages, and what its own tracing says of their frames.
import { existsSync, readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
const CATEGORIES = [
  "devtools.timeline",
  "disabled-by-default-devtools.timeline",
  "toplevel",
  "cc",
  "benchmark",
];
const FRAME = "ProxyMain::BeginMainFrame";

/** Opens the browser for a piece of work. */
export async function withBrowser(work) {
  if (!existsSync(EXECUTABLE))
    throw new Error(`There is no browser at ${EXECUTABLE}; CHROMIUM names another.`);
  const browser = await chromium.launch({
    executablePath: EXECUTABLE,
    args: ["--no-sandbox", "--enable-precise-memory-info", "--js-flags=--expose-gc"],
  });
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}

/** A page with its debugging session. */
export async function openPage(browser) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, timezoneId: "UTC" });
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(`the page threw: ${error.stack}`));
  const cdp = await context.newCDPSession(page);
  await cdp.send("Performance.enable");
  return { page, cdp, close: () => context.close() };
}

/** What Chromium counts of a page, after its garbage is gone. */
export async function metricsOf(cdp) {
  await cdp.send("HeapProfiler.enable");
  await cdp.send("HeapProfiler.collectGarbage");
  await cdp.send("HeapProfiler.collectGarbage");
  const { metrics } = await cdp.send("Performance.getMetrics");
  return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
}

/**
 * Bytes that the largest page's process has for itself: its heap, its worker's, arrays, elements, pictures and code. NaN where the system
 * does not tell.
 */
export async function memoryOf(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const pages = processInfo.filter(({ type }) => type === "renderer");
  return Math.max(...pages.map(({ id }) => privateBytes(id)));
}

function privateBytes(pid) {
  try {
    const lines = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").matchAll(/^Private_\w+:\s+(\d+) kB$/gm);
    return [...lines].reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1024, 0);
  } catch {
    return Number.NaN;
  }
}

/** The frames of a piece of work: the wall time between two, and the processor time of the page's main thread in each. */
export async function framesOf(browser, page, work) {
  await browser.startTracing(page, { categories: CATEGORIES });
  await work();
  const trace = JSON.parse(await browser.stopTracing());
  return framesIn(trace.traceEvents);
}

function framesIn(events) {
  // Arrows from and to a frame have its name too.
  const isFrame = ({ name, ph }) => name === FRAME && ph === "X";
  const counts = new Map();
  for (const event of events.filter(isFrame)) {
    const key = `${event.pid} ${event.tid}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const [main] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [""];
  const own = events.filter(({ pid, tid }) => `${pid} ${tid}` === main).sort((a, b) => a.ts - b.ts);
  const starts = own.filter(isFrame).map(({ ts }) => ts);
  const tasks = own.filter(({ name, ph }) => ph === "X" && name === "ThreadControllerImpl::RunTask");
  const processor = new Array(Math.max(0, starts.length - 1)).fill(0);
  let at = 0;
  for (const { ts, tdur = 0 } of tasks) {
    while (at + 1 < starts.length && starts[at + 1] <= ts) at++;
    if (starts[at] <= ts && at < processor.length) processor[at] += tdur / 1000;
  }
  const wall = starts.slice(1).map((ts, i) => (ts - starts[i]) / 1000);
  return { frames: wall.length, wall, processor };
}

/** The value below which that share of the numbers lies. */
export function quantile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
