// A large timeline costs what is in view of it: what is on the page, what is asked for, and what is drawn again.
import { join } from "node:path";
import type { Page, Route } from "playwright-core";
import { SqliteTracer } from "tracelight/sqlite";
import { expect, it } from "vitest";
import { Browsing, PATIENT } from "./browser.ts";
import { folder, view } from "./served.ts";

const browser = new Browsing();
const CYCLES = 300;
const STEPS = 20;
const SPANS = 1 + CYCLES * (1 + STEPS);

it("has on the page only the rows near the window, wherever that is", async () => {
  const page = await opened();
  await page.keyboard.press("Shift+ArrowRight");
  await page.locator(`[role=treegrid][aria-rowcount='${SPANS}']`).waitFor();
  const first = await mounted(page);
  expect(first.rows).toBeLessThanOrEqual(60);
  expect(first.bars).toBeLessThanOrEqual(60);
  for (const [key, row] of [
    ["End", SPANS],
    ["Home", 1],
    ["End", SPANS],
  ] as const) {
    await page.keyboard.press(key);
    await page.locator(`.tr[aria-rowindex='${row}'][aria-selected='true']`).waitFor();
    const { rows, bars } = await mounted(page);
    expect(rows).toBeLessThanOrEqual(60);
    expect(bars).toBeLessThanOrEqual(60);
  }
});

it("asks for the words of what was unfolded, where as many rows are seen as before", async () => {
  const page = await opened();
  await page.getByRole("button", { name: /tool calls 6,000/ }).waitFor();
  await page.keyboard.press("Shift+ArrowRight");
  await page.locator(".tr[aria-rowindex='10'] .g").filter({ hasText: "i: 0" }).waitFor();
});

it("reads a trace that has ended once, and words only of rows that are seen", async () => {
  const asked: string[] = [];
  const page = await opened((url) => asked.push(url));
  await page.locator(".rows").hover();
  for (let i = 0; i < 5; i++) await page.mouse.wheel(0, 500);
  await page.locator(".tr[aria-rowindex='110']").waitFor();
  await page.keyboard.press("w");
  await page.keyboard.press("m");
  await page.getByRole("button", { name: "Steps", pressed: true }).waitFor();
  expect(asked.filter((url) => /api\/traces\/\w+$/.test(url))).toHaveLength(1);
  for (const url of asked.filter((one) => one.includes("/glances"))) {
    expect(new URL(url).searchParams.get("spans")?.split(",").length).toBeLessThanOrEqual(60);
  }
});

it("shows the first rows before all spans have come, and those stay where they are", async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const page = await opened(undefined, async (route) => {
    await held;
    await route.continue();
  });
  const rest = page.getByText("The first 2,000 spans; the others are being read …");
  await rest.waitFor();
  // A fold of the reader's own stays.
  await page.locator(".tr[aria-level='2'] .tw").first().click();
  await page.locator(`[role=treegrid][aria-rowcount='${2000 - STEPS}']`).waitFor();
  const before = await texts(page);
  release();
  await rest.waitFor({ state: "detached" });
  await page.getByRole("button", { name: /tool calls 6,000/ }).waitFor();
  await page.locator(`[role=treegrid][aria-rowcount='${SPANS - STEPS}']`).waitFor();
  expect(await texts(page)).toEqual(before);
});

it("says where the other spans cannot be read, and reads them again", async () => {
  let isBroken = true;
  const page = await opened(undefined, (route) =>
    isBroken ? route.fulfill({ status: 503, json: { detail: "The store is away." } }) : route.continue(),
  );
  await page.getByText("The first 2,000 spans only: The store is away.").waitFor();
  isBroken = false;
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("button", { name: /tool calls 6,000/ }).waitFor();
});

it("draws nothing again that stays in view as it is scrolled, and makes no element for what comes", async () => {
  const page = await opened();
  await page.keyboard.press("Shift+ArrowRight");
  await page.locator(`[role=treegrid][aria-rowcount='${SPANS}']`).waitFor();
  // Their words have come too.
  await expect.poll(() => page.locator(".tr:not(:has(.g))", { hasText: "step" }).count(), PATIENT).toBe(0);
  // The Tab key stops at it, and would else at the first that is in view.
  await page.locator(".tr[aria-rowindex='15']").click();
  await page.locator(".tr[aria-rowindex='15'][aria-selected='true']").waitFor();
  await page.getByRole("tabpanel").waitFor();
  await page.locator(".rows").hover();
  await page.evaluate(WATCH_ROWS);
  await page.mouse.wheel(0, 10 * 24);
  await page.locator(".tr[aria-rowindex='1']").waitFor({ state: "detached" });
  expect(await page.evaluate("window.touched")).toBe(0);
  await page.mouse.wheel(0, 200 * 24);
  await page.locator(".tr[aria-rowindex='220']").waitFor();
  expect(await page.evaluate("window.left()")).toBe(0);
  // In the order in which they are read, once they are read.
  await expect.poll(() => page.evaluate(IS_IN_ORDER), PATIENT).toBe(true);
});

it("touches as few nodes as can be when a row comes into view, and moves none while it is scrolled", async () => {
  const page = await opened();
  await page.keyboard.press("Shift+ArrowRight");
  await page.locator(`[role=treegrid][aria-rowcount='${SPANS}']`).waitFor();
  await expect.poll(() => page.locator(".tr:not(:has(.g))", { hasText: "step" }).count(), PATIENT).toBe(0);
  const { moved, made, changed, came } = await page.evaluate<Touched>(SCROLL);
  expect({ moved, made }).toEqual({ moved: 0, made: 0 });
  expect(came).toBeGreaterThanOrEqual(100);
  expect(changed / came).toBeLessThan(16);
  await expect.poll(() => page.evaluate(IS_IN_ORDER), PATIENT).toBe(true);
});

/** What was done in the page. */
interface Touched {
  /** Rows that were put elsewhere among the others, or made. */
  readonly moved: number;
  readonly made: number;
  /** Attributes and texts of rows. */
  readonly changed: number;
  /** Rows that came into view. */
  readonly came: number;
}

/** The page of a trace of six thousand spans. */
async function opened(
  onRequest: (url: string) => void = () => undefined,
  onWhole?: (route: Route) => Promise<void>,
): Promise<Page> {
  const path = join(folder(), "large.db");
  const traceId = await make(path);
  const { url } = await view(path);
  const page = await browser.blank();
  page.on("request", (request) => onRequest(request.url()));
  if (onWhole !== undefined) await page.context().route(`**/api/traces/${traceId}`, onWhole);
  await page.goto(`${url}t/${traceId}`);
  await page.locator(".tr").first().waitFor();
  return page;
}

async function make(path: string): Promise<string> {
  const tracer = new SqliteTracer({ path, recordStarts: false });
  const turn = tracer.startSpan("converse", { parentSpan: null });
  turn.addAttributes({ "ai.trace.type": "converse", "ai.conversation.id": "large" });
  for (let i = 0; i < CYCLES; i++) {
    const cycle = tracer.startSpan("cycle", { parentSpan: turn });
    cycle.addAttribute("ai.trace.type", "cycle");
    for (let k = 0; k < STEPS; k++) {
      const step = tracer.startSpan(`step ${k}`, { parentSpan: cycle });
      step.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.input": { i, k } });
      step.end();
    }
    cycle.end();
    await tracer.flush();
  }
  turn.end();
  await tracer.close();
  return turn.traceId;
}

/** What the rows on the screen say. */
function texts(page: Page): Promise<string[]> {
  return page.locator(".tr .nm").evaluateAll((names) => names.map((name) => name.textContent ?? ""));
}

async function mounted(page: Page): Promise<{ readonly rows: number; readonly bars: number }> {
  return { rows: await page.locator(".tr").count(), bars: await page.locator(".tb .sb").count() };
}

const IS_IN_ORDER = `(() => {
  const order = [...document.querySelectorAll(".tr")].map((row) => Number(row.getAttribute("aria-rowindex")));
  return order.every((at, i) => i === 0 || at > order[i - 1]);
})()`;

/** Scrolls by ten rows a frame, and counts what the page does for it once it has scrolled a little. The page rests when that is done. */
const SCROLL = `new Promise((resolve) => {
  const [later, resting] = [setTimeout, []];
  window.setTimeout = (work, ms, ...more) => (ms === 150 ? resting.push(work) && 0 : later(work, ms, ...more));
  const done = () => {
    window.setTimeout = later;
    resolve(touched);
    for (const work of resting) work();
  };
  const box = document.querySelector(".rows");
  const sheet = document.querySelector(".sheet");
  const touched = { moved: 0, made: 0, changed: 0, came: 0 };
  const known = new Set();
  const count = (changes) => {
    for (const { type, target, addedNodes, attributeName } of changes) {
      if (target === sheet && type === "childList")
        for (const row of addedNodes) touched[known.has(row) ? "moved" : "made"]++;
      else touched.changed++;
      if (attributeName === "aria-rowindex") touched.came++;
    }
  };
  const step = (i) => {
    if (i === 5) {
      for (const row of sheet.children) known.add(row);
      new MutationObserver(count).observe(sheet, { attributes: true, childList: true, characterData: true, subtree: true });
    }
    if (i === 20) return done();
    box.scrollTop += 240;
    requestAnimationFrame(() => step(i + 1));
  };
  step(0);
})`;

/** Counts in the page what changes within rows that are in view now, and stay; and which elements of rows are gone. */
const WATCH_ROWS = `
  window.touched = 0;
  const watch = new MutationObserver((changes) => { window.touched += changes.length; });
  const what = { attributes: true, childList: true, characterData: true, subtree: true };
  const rows = [...document.querySelectorAll(".tr")];
  for (const row of rows) if (Number(row.getAttribute("aria-rowindex")) >= 12) watch.observe(row, what);
  window.left = () => rows.filter((row) => !row.isConnected).length;`;
