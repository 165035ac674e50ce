// The table of keys of the design, key by key: in each view, in a file that was exported, while something is typed, and with dialogs and menus open.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { InMemoryTracer } from "tracelight";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { turn } from "./agent.ts";
import { Browsing, PATIENT } from "./browser.ts";
import { command, folder, travelStore } from "./served.ts";
import { served } from "./stores.ts";

const browser = new Browsing();
const url = inject("travel");
/** The second turn of a conversation, as a trace. */
const SECOND = "3f5908dfc2a14be0837d5cc1f9e2a6b8";
/** A call of a model in the second. */
const CALL = "eb45f908470f9967";
const ALL = { isAlone: true } as const;

/** Presses keys, one after the other. */
async function press(page: Page, keys: string): Promise<void> {
  for (const key of keys.split(" ")) await page.keyboard.press(key);
}

const at = (page: Page, path: string) => page.waitForURL((to) => to.href.startsWith(url + path));

async function list(page: Page): Promise<void> {
  await page.goto(`${url}?since=all`);
  await page.locator(".list .item").nth(3).waitFor();
}

async function chat(page: Page, query = ""): Promise<void> {
  await page.goto(`${url}c/trip-1042${query}`);
  await page.locator(".call").first().waitFor();
}

async function timeline(page: Page, query = `?span=${CALL}`): Promise<void> {
  await page.goto(`${url}t/${SECOND}${query}`);
  await page.getByRole("treegrid").getByRole("row").nth(3).waitFor();
  if (query !== "") await page.locator("#panel").waitFor();
}

/** The views, as they are when somebody comes. */
const VIEWS: readonly (readonly [name: string, open: (page: Page) => Promise<void>])[] = [
  ["the list", list],
  ["a conversation", (page) => chat(page)],
  ["a timeline", (page) => timeline(page)],
  [
    "Compare",
    async (page) => {
      await page.goto(`${url}compare?a=trip-1042%236&b=trip-1042%237`);
      await page.getByRole("heading", { name: "Prompt and answer" }).waitFor();
    },
  ],
  [
    "the numbers",
    async (page) => {
      await page.goto(`${url}numbers?since=all`);
      await page
        .getByRole("row", { name: /sonnet/ })
        .first()
        .waitFor();
    },
  ],
];

describe("anywhere", () => {
  it.each(VIEWS)("in %s", async (_, open) => {
    const page = await browser.blank(ALL);
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await open(page);
    const here = page.url();
    await press(page, "Control+k");
    await page.getByRole("combobox", { name: "Search words" }).and(page.locator(":focus")).waitFor();
    await press(page, "Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(page.url()).toBe(here);
    await press(page, "/");
    const finder = page.locator("[role=combobox]:focus, input[type=search]:focus");
    await finder.waitFor();
    // No key acts while typing, but Escape, which closes what it is typed in, and nothing else.
    await page.keyboard.type("tzp?gn");
    await expect.poll(() => finder.inputValue(), PATIENT).toBe("tzp?gn");
    await finder.fill("");
    for (let i = 0; i < 2; i++) if ((await finder.count()) > 0) await press(page, "Escape");
    await finder.waitFor({ state: "detached" });
    expect(page.url()).toBe(here);
    const zone = page.locator(".zone");
    await press(page, "z");
    await expect.poll(() => zone.getAttribute("title"), PATIENT).toBe("Times in UTC; z shows local time");
    await press(page, "z");
    await expect.poll(() => zone.getAttribute("title"), PATIENT).toBe("Times of this computer; z shows UTC");
    await press(page, "t");
    await page.locator("html[data-theme=dark]").waitFor();
    await press(page, "t");
    await page.locator("html[data-theme=light]").waitFor();
    await page.getByRole("button", { name: "Live", exact: true }).waitFor();
    await press(page, "p");
    await page.getByRole("button", { name: "Paused" }).waitFor();
    await press(page, "p");
    await page.getByRole("button", { name: "Live", exact: true }).waitFor();
    await press(page, "y");
    await expect.poll(() => page.evaluate("navigator.clipboard.readText()"), PATIENT).toBe(here);
    await press(page, "?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    // What is below does not hear of keys.
    await press(page, "t g n");
    await press(page, "Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(page.url()).toBe(here);
    await page.locator("html[data-theme=light]").waitFor();
    await press(page, "? Control+k");
    await page.getByRole("combobox", { name: "Search words" }).and(page.locator(":focus")).waitFor();
    expect(await page.getByRole("dialog").count()).toBe(1);
    await press(page, "Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await press(page, "g c");
    await page.getByRole("table", { name: "Conversations" }).waitFor();
    await press(page, "g x");
    await page.getByText("Choose two model calls").waitFor();
    await press(page, "g n");
    await page.getByRole("heading", { name: "Numbers", level: 1 }).waitFor();
    // Back, step by step, where nothing is open.
    await press(page, "Escape");
    await at(page, "compare");
  });

  it("Enter presses the button that has the focus, in every view", async () => {
    const page = await browser.open(`${url}?since=all`);
    await page.locator(".list .item").first().waitFor();
    await page.getByRole("button", { name: "Traces" }).focus();
    await press(page, "Enter");
    await page.waitForURL(/by=trace/);
    await timeline(page);
    await page.getByRole("button", { name: "Steps" }).focus();
    await press(page, "Enter");
    await page.waitForURL(/scale=steps/);
    expect(await page.locator("#panel:focus").count()).toBe(0);
    await page.getByRole("tab", { name: "Raw" }).focus();
    await press(page, "Enter");
    await page.getByRole("tabpanel", { name: "Raw" }).waitFor();
  });

  it("a menu that is open has the keys", async () => {
    const page = await browser.blank();
    await list(page);
    await page.getByRole("button", { name: /^Last|^All times/ }).click();
    const items = page.getByRole("menuitemradio");
    await items.first().waitFor();
    await press(page, "Home");
    await items.first().and(page.locator(":focus")).waitFor();
    await press(page, "ArrowDown");
    await items.nth(1).and(page.locator(":focus")).waitFor();
    await press(page, "End");
    await items.last().and(page.locator(":focus")).waitFor();
    await press(page, "j x n t");
    expect(await page.locator('.list [aria-selected="true"]').count()).toBe(0);
    expect(await page.locator("html[data-theme]").count()).toBe(0);
    await press(page, "Escape");
    await items.first().waitFor({ state: "detached" });
    await page
      .getByRole("button", { name: /^All times/ })
      .and(page.locator(":focus"))
      .waitFor();
    expect(page.url()).toBe(`${url}?since=all`);
  });
});

describe("the list", () => {
  const row = (n: number): string => `.list .item[aria-rowindex="${n + 1}"][aria-selected="true"]`;

  it("moves, opens, marks and compares", async () => {
    const page = await browser.blank();
    await list(page);
    for (const [key, n] of [
      ["j", 1],
      ["j", 2],
      ["k", 1],
      ["ArrowDown", 2],
      ["ArrowDown", 3],
      ["ArrowUp", 2],
      ["Home", 1],
    ] as const) {
      await press(page, key);
      await page.locator(row(n)).waitFor();
    }
    await press(page, "End");
    await page.locator(".list .item").last().and(page.locator('[aria-selected="true"]')).waitFor();
    await press(page, "Home");
    await page.locator(row(1)).waitFor();
    await press(page, "x");
    await page.getByText("one more").waitFor();
    await press(page, "x");
    await page.getByText("one more").waitFor({ state: "detached" });
    await press(page, "x j");
    await page.locator(row(2)).waitFor();
    await press(page, "x");
    await page.getByRole("button", { name: "Compare both" }).waitFor();
    await press(page, "Enter");
    await page.getByRole("heading", { name: "What it did, step by step" }).waitFor();
    await press(page, "Escape");
    await page.getByRole("button", { name: "Compare both" }).waitFor();
    await press(page, "Escape");
    await page.getByRole("button", { name: "Compare both" }).waitFor({ state: "detached" });
    await page.locator(".list .item a.t").first().waitFor();
    await press(page, "Home");
    await page.locator(row(1)).waitFor();
    const name = await page.locator(`${row(1)} a.t`).textContent();
    await press(page, "Enter");
    await page.getByRole("heading", { level: 1, name: name ?? "none" }).waitFor();
  });

  it("n shows what is new", async () => {
    const tracer = new InMemoryTracer();
    for (let i = 0; i < 60; i++) turn(tracer, { id: `talk-${i}`, words: `Question ${i}?`, answer: "Yes." });
    const page = await browser.open(await served(tracer));
    await page.getByRole("link", { name: "Question 59?" }).waitFor();
    await page.getByRole("button", { name: "Live", exact: true }).waitFor();
    await page.evaluate("scrollTo(0, 300)");
    await page.waitForFunction("scrollY > 100");
    turn(tracer, { id: "late", words: "Is it late?", answer: "Yes." });
    await page.getByRole("button", { name: "1 new" }).waitFor();
    await press(page, "n");
    await page.getByRole("link", { name: "Is it late?" }).waitFor();
  });
});

describe("a conversation", () => {
  it("goes from turn to turn and from call to call, opens tools, and leads on", async () => {
    const page = await browser.blank();
    await chat(page, "?turn=1");
    const first = page.locator("#turn-1");
    const isOn = (n: number) =>
      page.waitForFunction(
        `Math.abs(document.querySelector("#turn-${n}").getBoundingClientRect().top - document.querySelector(".chat").getBoundingClientRect().top) < 41`,
      );
    await first.waitFor();
    await isOn(1);
    await press(page, "]");
    await isOn(2);
    await press(page, "[");
    await isOn(1);
    const call = (n: number) =>
      page.locator(".call-m[aria-current=true]", { hasText: `call ${n}` }).waitFor();
    for (const [key, n] of [
      ["j", 1],
      ["j", 2],
      ["ArrowDown", 3],
      ["k", 2],
      ["ArrowUp", 1],
      ["j", 2],
    ] as const) {
      await press(page, key);
      await call(n);
    }
    const tools = page.locator("#turn-1 .call");
    await press(page, "o");
    await expect.poll(() => tools.first().getAttribute("aria-expanded"), PATIENT).toBe("true");
    await press(page, "o");
    await expect.poll(() => tools.first().getAttribute("aria-expanded"), PATIENT).toBe("false");
    await page.getByRole("link", { name: "Compare with the call before" }).waitFor();
    await press(page, "d");
    await page.getByRole("heading", { name: "Prompt and answer" }).waitFor();
    await press(page, "Escape");
    await call(2);
    await press(page, "v");
    await page.getByRole("treegrid").getByRole("row", { selected: true }).waitFor();
    await press(page, "v");
    await call(2);
    // Closes what is open first.
    await press(page, "Escape");
    await page.getByRole("complementary").waitFor({ state: "detached" });
    await at(page, "c/trip-1042");
  });
});

it("a conversation scrolls by the keys that scroll a document, without a click into it", async () => {
  const page = await browser.blank({ viewport: { width: 1280, height: 400 } });
  await chat(page);
  const top = () => page.locator("[data-scrolls]").evaluate(({ scrollTop }) => scrollTop);
  for (const key of ["PageDown", "Space", "End"]) {
    const before = await top();
    await page.keyboard.press(key);
    await expect.poll(top, PATIENT).toBeGreaterThan(before);
  }
  for (const key of ["Shift+Space", "Home"]) {
    const before = await top();
    await page.keyboard.press(key);
    await expect.poll(top, PATIENT).toBeLessThan(before);
  }
  expect(await top()).toBe(0);
});

describe("a timeline", () => {
  it("folds, inspects, finds errors, zooms, and goes from turn to turn", async () => {
    const page = await browser.blank();
    await timeline(page, "");
    const selected = (n: number) => page.locator(`.tr[aria-rowindex="${n}"][aria-selected=true]`).waitFor();
    const rows = (n: number) => page.locator(`[role=treegrid][aria-rowcount="${n}"]`).waitFor();
    const all = Number(await page.getByRole("treegrid").getAttribute("aria-rowcount"));
    for (const [key, n] of [
      ["j", 1],
      ["ArrowDown", 2],
      ["j", 3],
      ["k", 2],
      ["ArrowUp", 1],
      ["End", all],
      ["Home", 1],
    ] as const) {
      await press(page, key);
      await selected(n);
    }
    await press(page, "ArrowLeft");
    await rows(1);
    await press(page, "ArrowRight");
    await rows(all);
    // From an open parent to its first, and from a leaf to its parent.
    await press(page, "ArrowRight");
    await selected(2);
    await press(page, "Shift+ArrowLeft");
    await rows(1);
    await press(page, "Shift+ArrowRight");
    await rows(all);
    await press(page, "e");
    const failed = page.locator(".tr.iserr[aria-selected=true]");
    await failed.waitFor();
    const error = page.url();
    await press(page, "Home");
    await selected(1);
    await press(page, "E");
    await failed.waitFor();
    expect(page.url()).toBe(error);
    await press(page, "c");
    await page.waitForURL(/path=off/);
    await press(page, "c");
    await page.waitForURL((to) => !to.searchParams.has("path"));
    await press(page, "m");
    await page.waitForURL(/scale=steps/);
    await press(page, "m");
    await page.waitForURL((to) => !to.searchParams.has("scale"));
    const isWhole = () => page.waitForURL((to) => !to.searchParams.has("from") && !to.searchParams.has("to"));
    await press(page, "w");
    await page.waitForURL(/from=0\.\d+&to=0\.\d+/);
    const from = (): number => Number(new URL(page.url()).searchParams.get("from"));
    const before = from();
    await press(page, "d");
    await expect.poll(from, PATIENT).toBeGreaterThan(before);
    await press(page, "a");
    await expect.poll(from, PATIENT).toBeCloseTo(before, 4);
    await press(page, "s");
    await isWhole();
    await press(page, "f");
    await page.waitForURL(/from=/);
    await press(page, "0");
    await isWhole();
    await press(page, "]");
    await page.waitForURL((to) => !to.pathname.endsWith(SECOND));
    await page
      .getByRole("treegrid")
      .getByRole("row", { name: /find_flights/ })
      .first()
      .waitFor();
    await press(page, "[");
    await page.waitForURL((to) => to.pathname.endsWith(SECOND));
    await page
      .getByRole("treegrid")
      .getByRole("row", { name: /find_trains/ })
      .first()
      .waitFor();
    await press(page, "v");
    await page.locator(".call").first().waitFor();
  });

  it("Enter opens the inspector, also before it has come, and Escape closes it", async () => {
    for (const viewport of [
      { width: 1440, height: 900 },
      { width: 390, height: 844 },
    ]) {
      const page = await browser.blank({ viewport });
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      await page.route("**/spans/*", async (route) => {
        await held;
        await route.continue();
      });
      await timeline(page, "");
      // Nothing is selected yet: that is the first row then.
      await press(page, "Enter");
      await page.locator('.tr[aria-rowindex="1"][aria-selected=true]').waitFor();
      await page.getByRole("complementary").waitFor();
      expect(await page.locator("#panel").count()).toBe(0);
      release();
      await page.locator("#panel:focus").waitFor();
      expect(await page.locator("#panel").isVisible()).toBe(true);
      await press(page, "Escape");
      await page.getByRole("complementary").waitFor({ state: "detached" });
      await at(page, `t/${SECOND}`);
    }
  });

  it("Escape in what is found leaves the span as it is", async () => {
    const page = await browser.blank();
    await timeline(page);
    await press(page, "/");
    await page.keyboard.type("find_trains");
    await press(page, "Enter");
    await page.getByRole("row", { name: /find_trains/, selected: true }).waitFor();
    const { href } = new URL(page.url());
    await press(page, "Escape");
    await page.locator("input[type=search]:focus").waitFor({ state: "detached" });
    expect(page.url()).toBe(href);
    await page.getByRole("complementary").waitFor();
  });
});

it("Compare goes from difference to difference, swaps, chooses and hides", async () => {
  const page = await browser.open(`${url}compare?a=trip-1042%232&b=trip-1042%233`);
  await page.getByRole("heading", { name: "Prompt and answer" }).waitFor();
  const places = page.locator("[data-differs]");
  const n = await places.count();
  expect(n).toBeGreaterThan(1);
  for (const [key, i] of [
    ["j", 0],
    ["ArrowDown", 1],
    ["k", 0],
    ["j", 1],
    ["ArrowUp", 0],
  ] as const) {
    await press(page, key);
    await places.nth(i).and(page.locator(":focus")).waitFor();
  }
  await press(page, "s");
  await page.waitForURL((to) => to.searchParams.get("a") === "trip-1042#3");
  await press(page, "h");
  await page.waitForURL(/only=1/);
  await press(page, "h");
  await page.waitForURL((to) => !to.searchParams.has("only"));
  for (const side of ["a", "b"]) {
    await press(page, side);
    await page.getByRole("combobox", { name: `Choose ${side.toUpperCase()}` }).waitFor();
    await press(page, "Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
});

describe("a file that was exported", () => {
  let file = "";
  beforeAll(async () => {
    file = join(folder(), "keys.html");
    await command("export", "--html", "trip-1042", "--out", file, await travelStore());
    file = pathToFileURL(file).href;
  });

  it("has the same keys, and those of the store do nothing", async () => {
    const page = await browser.open(file, { offline: true });
    await page.locator(".call").first().waitFor();
    await press(page, "Control+k / p n x");
    expect(await page.getByRole("dialog").count()).toBe(0);
    await press(page, "g x");
    await press(page, "g n");
    await page.locator(".call").first().waitFor();
    await press(page, "t");
    await page.locator("html[data-theme=dark]").waitFor();
    await press(page, "?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    expect(await page.getByRole("dialog").getByText("search words").count()).toBe(0);
    await press(page, "Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await press(page, "j");
    await page.locator(".call-m[aria-current=true]").waitFor();
    await press(page, "o");
    await page.locator(".callbody").first().waitFor();
    await press(page, "j");
    await page.getByRole("link", { name: "Compare with the call before" }).waitFor();
    await press(page, "d");
    await page.getByRole("heading", { name: "Prompt and answer" }).waitFor();
    await press(page, "s h");
    await page.waitForURL(/only=1/);
    await press(page, "Escape");
    await page.locator(".call-m[aria-current=true]").waitFor();
    await press(page, "v");
    await page.getByRole("treegrid").getByRole("row", { selected: true }).waitFor();
    await press(page, "Enter");
    await page.locator("#panel:focus").waitFor();
    await press(page, "e");
    await press(page, "m");
    await page.waitForURL(/scale=steps/);
    await press(page, "]");
    await page
      .getByRole("treegrid")
      .getByRole("row", { name: /find_trains/ })
      .first()
      .waitFor();
    await press(page, "/");
    await page.locator("input[type=search]:focus").waitFor();
    await press(page, "Escape");
    await press(page, "g c");
    await page.locator(".call").first().waitFor();
  });
});
