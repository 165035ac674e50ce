// The address is the state: a link shows another person the same; back returns to the same row; all can be done by keys.
import type { Locator } from "playwright-core";
import { InMemoryTracer } from "tracelight";
import { describe, expect, inject, it } from "vitest";
import { turn } from "./agent.ts";
import { Browsing, PATIENT } from "./browser.ts";
import { scrolled } from "./shape.ts";
import { served } from "./stores.ts";

const browser = new Browsing();
/** The trace of the last turn, and a tool in it that failed. */
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
/** The turn before: it has ended, with a tool that failed. */
const SECOND = "3f5908dfc2a14be0837d5cc1f9e2a6b8";
const FAILED = "90c6f2324d60f14f";
/** A call of a model in it. */
const CALL = "eb45f908470f9967";

const url = inject("travel");

describe("a link", () => {
  it("shows a span, its tab, what is hidden, the window and the scale", async () => {
    const query = `span=${FAILED}&tab=raw&hide=model&from=0.250000&to=0.750000&scale=steps`;
    const page = await browser.open(`${url}t/${TRACE}?${query}`);
    await page.getByRole("row", { selected: true }).filter({ hasText: "get_directions" }).waitFor();
    await page.getByRole("tabpanel", { name: "Raw" }).filter({ hasText: FAILED }).waitFor();
    await page.getByText(/^\d+ hidden$/).waitFor();
    await page.getByRole("button", { name: "Steps", pressed: true }).waitFor();
    await page.getByRole("button", { name: /^model calls/ }).waitFor();
    expect(new URL(page.url()).search).toBe(`?${query}`);
    await page.keyboard.press("0");
    await page.waitForURL((at) => !at.searchParams.has("from") && !at.searchParams.has("to"));
  });

  it("shows a call of a conversation, and its tab", async () => {
    const page = await browser.open(`${url}c/trip-1042?span=eb45f908470f9967&turn=2&tab=messages`);
    await page.locator("#span-eb45f908470f9967[aria-current=true]").waitFor();
    await page.getByRole("tabpanel", { name: "Messages" }).waitFor();
  });
});

describe("a span of a timeline", () => {
  it("says no time where it was interrupted without a sign of life", async () => {
    const page = await browser.open(`${url}t/4bf92f3577b34da6a3ce929d0e0e4736`, {
      viewport: { width: 1440, height: 1200 },
    });
    const row = page.getByRole("row").filter({ hasText: /get_directionsfrom: "Villa Zebra/ });
    await row.locator(".t1").waitFor({ state: "attached" });
    expect(await row.locator(".t1").textContent()).toBe("");
  });

  it("is a link: with Ctrl it opens a tab of its own", async () => {
    const page = await browser.open(`${url}t/${SECOND}`);
    const name = page
      .getByRole("row", { name: /find_trains/ })
      .first()
      .getByRole("link");
    const opened = page.context().waitForEvent("page");
    await name.click({ modifiers: ["ControlOrMeta"] });
    const other = await opened;
    await other.getByRole("row", { name: /find_trains/, selected: true }).waitFor();
    await other.close();
    expect(new URL(page.url()).searchParams.has("span")).toBe(false);
    await name.click();
    await page.getByRole("row", { name: /find_trains/, selected: true }).waitFor();
  });

  it("stays selected in the chat", async () => {
    const page = await browser.open(`${url}t/${SECOND}?span=${CALL}`);
    await page.getByRole("row", { selected: true }).waitFor();
    await page.keyboard.press("v");
    await page.locator(`#span-${CALL}[aria-current=true]`).waitFor();
    await page.keyboard.press("v");
    await page.getByRole("treegrid").getByRole("row", { selected: true }).waitFor();
    expect(new URL(page.url()).searchParams.get("span")).toBe(CALL);
  });
});

it("a call of a model has in the timeline the number that it has in the chat", async () => {
  const page = await browser.open(`${url}t/${SECOND}?span=${CALL}`);
  const number = await page
    .getByRole("complementary")
    .getByText(/^call \d+$/)
    .textContent();
  await page.keyboard.press("v");
  await page.locator(`#span-${CALL}[aria-current=true]`, { hasText: number ?? "none" }).waitFor();
});

it("a conversation says how many of its spans were interrupted, also while another runs", async () => {
  const page = await browser.open(`${url}c/trip-1042`);
  const facts = page.getByRole("group", { name: "Facts" });
  await facts.getByText(/^\d+ interrupted$/).waitFor();
  await facts.getByText("running", { exact: true }).waitFor();
});

it("labels of a ruler lie nowhere on another, however narrow the window is", async () => {
  const page = await browser.open(`${url}t/${SECOND}?span=${CALL}`);
  await page.locator(".rul span").first().waitFor();
  for (const width of [1440, 1200, 1000, 500, 390, 320]) {
    await page.setViewportSize({ width, height: 900 });
    await expect
      .poll(
        () =>
          page
            .locator(".rul span")
            .evaluateAll((labels) => labels.map((one) => one.getBoundingClientRect()))
            .then(nearest),
        PATIENT,
      )
      .toBeGreaterThanOrEqual(36);
  }
});

/** How near two labels come: from the beginning of one to that of the next; 0 where one lies on another. */
function nearest(labels: readonly { readonly left: number; readonly right: number }[]): number {
  const steps = labels
    .slice(1)
    .map(({ left }, i) => (left < (labels[i]?.right ?? 0) ? 0 : left - (labels[i]?.left ?? 0)));
  return labels.length < 2 ? 0 : Math.min(...steps);
}

it("a view that could not be read is tried again by itself, and says when", async () => {
  const page = await browser.blank({ isAlone: true });
  // Time stands still in its window, but for what is let pass here.
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1000);
  const passesUntil = (seen: Locator): Promise<void> =>
    expect
      .poll(async () => {
        await page.clock.runFor(250);
        return seen.isVisible();
      }, PATIENT)
      .toBe(true);
  let tries = 0;
  await page.route("**/api/conversations/trip-1042", (route) =>
    ++tries < 3 ? route.abort() : route.continue(),
  );
  await page.goto(`${url}c/trip-1042`);
  await passesUntil(page.getByText("tries by itself in 8 s"));
  expect(tries).toBe(1);
  await passesUntil(page.getByText("tries by itself in 5 s"));
  expect(tries).toBe(1);
  await passesUntil(page.getByText("tries by itself in 16 s"));
  expect(tries).toBe(2);
  await passesUntil(page.getByRole("heading", { level: 1, name: "What is the weather in Amsterdam" }));
  expect(tries).toBe(3);
  browser.forgive(/ERR_FAILED/);
});

it("a store without spans offers an example, and stays as it is", async () => {
  const page = await browser.open(inject("empty"));
  await page.getByRole("link", { name: "Look at an example" }).click();
  await page.locator(".facts", { hasText: /^43 conversations/ }).waitFor();
  // However narrow the window is, the way back and the views lie in the bar, one beside the other.
  const bar = page.locator("header.top");
  for (const width of [1440, 720, 390, 320]) {
    await page.setViewportSize({ width, height: 844 });
    expect(await bar.evaluate((one) => one.scrollHeight - one.clientHeight)).toBeLessThan(2);
    expect(await bar.evaluate((one) => one.scrollWidth - one.clientWidth)).toBeLessThanOrEqual(0);
  }
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/api/rows?*", async (route) => {
    await held;
    await route.continue();
  });
  await page.getByRole("button", { name: "Traces" }).click();
  const line = page.getByRole("progressbar", { name: "Loading" });
  await line.waitFor();
  // What is shown until the others have come leads where it always did.
  expect(await page.locator(".list .item a.t").first().getAttribute("href")).toContain("/example/c/");
  expect((await line.boundingBox())?.height).toBe(2);
  release();
  await line.waitFor({ state: "detached" });
  await page.setViewportSize({ width: 1440, height: 844 });
  await page.getByRole("button", { name: "Conversations" }).click();
  // Until conversations have come, the rows are those of traces, and some have the same words.
  await page.locator('.list .item a.t[href$="/example/c/trip-1042"]').click();
  await page.getByRole("heading", { level: 1, name: "What is the weather in Amsterdam" }).waitFor();
  await page.getByRole("link", { name: "Back to your store" }).click();
  await page.getByRole("heading", { name: "Send a first trace" }).waitFor();
});

it("what is not there is not tried again", async () => {
  const page = await browser.open(`${url}c/nobody`);
  await page.getByRole("button", { name: /Try again/ }).waitFor();
  expect(await page.getByText("tries by itself").count()).toBe(0);
  browser.forgive(/404/);
});

it("a list and a tree have one stop of the Tab key, whatever is selected", async () => {
  const page = await browser.open(`${url}?since=all`);
  const item = page.locator(".list .item");
  await item.first().waitFor();
  expect(await item.locator("[tabindex='0']").count()).toBe(1);
  await page.keyboard.press("End");
  await page.locator('.list .item[aria-selected="true"]').waitFor();
  expect(await item.locator("[tabindex='0']").count()).toBe(1);
  await page.goto(`${url}t/${SECOND}`);
  const stop = page.locator("[role=row][tabindex='0']");
  await stop.waitFor();
  await stop.focus();
  await page.keyboard.press("e");
  await page.locator(".tr.iserr[aria-selected=true][tabindex='0']:focus").waitFor();
  expect(await stop.count()).toBe(1);
});

it("what would complete a filter does not come any more when the filter was applied", async () => {
  const page = await browser.open(`${url}?since=all`);
  const filter = page.getByRole("combobox", { name: "Filter" });
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route("**/api/complete?*", async (route) => {
    await held;
    await route.continue();
  });
  const asked = page.waitForRequest("**/api/complete?*");
  await filter.pressSequentially("stat");
  const answered = (await asked).response();
  await filter.press("Enter");
  await page.waitForURL(/q=stat$/);
  release();
  await (await answered)?.finished();
  await scrolled(page, 0);
  expect(await page.getByRole("option").count()).toBe(0);
  browser.forgive(/Failed to load resource.* 400 /);
});

it("a model without a price tells how to give one", async () => {
  const page = await browser.open(`${url}numbers?since=all`);
  await page.getByRole("button", { name: "set a price" }).first().click();
  const dialog = page.getByRole("dialog", { name: /^A price for/ });
  await dialog.getByLabel("in", { exact: true }).fill("2.5");
  await dialog.getByText('"input": 2.5').waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
});

it("rows that came while the list was read further down are all there, however many", async () => {
  const tracer = new InMemoryTracer({ memorySize: 10_000 });
  const talks = (from: number, to: number): void => {
    for (let i = from; i < to; i++)
      turn(tracer, { id: `talk-${i}`, words: `Question ${i}?`, answer: "Yes." });
  };
  talks(0, 60);
  const page = await browser.open(await served(tracer));
  await page.getByRole("link", { name: "Question 59?" }).waitFor();
  await page.getByRole("button", { name: "Live", exact: true }).waitFor();
  await page.locator(".list").hover();
  await page.mouse.wheel(0, 300);
  await page.waitForFunction("scrollY > 100");
  talks(60, 180);
  await page.getByRole("button", { name: "50+ new" }).waitFor();
  await page.keyboard.press("n");
  const seen = new Set<string>();
  await expect
    .poll(async () => {
      for (const name of await page.locator(".list a.t").allTextContents()) seen.add(name);
      await page.mouse.wheel(0, 400);
      return seen.size;
    }, PATIENT)
    .toBe(180);
});

describe("back and forward", () => {
  it("return to the same row at the same scroll, however far down the list", async () => {
    const tracer = new InMemoryTracer({ memorySize: 10_000 });
    for (let i = 0; i < 300; i++) turn(tracer, { id: `talk-${i}`, words: `Question ${i}?`, answer: "Yes." });
    const page = await browser.open(await served(tracer));
    const wanted = page.getByRole("link", { name: "Question 150?" });
    await page.locator(".list .item").first().waitFor();
    await page.mouse.move(700, 600);
    await expect
      .poll(async () => {
        await scrolled(page, 600);
        return wanted.isVisible();
      }, PATIENT)
      .toBe(true);
    await wanted.scrollIntoViewIfNeeded();
    const before = (await wanted.boundingBox())?.y;
    await wanted.click();
    await page.getByRole("heading", { name: "Question 150?" }).waitFor();
    await page.goBack();
    await expect.poll(async () => (await wanted.boundingBox())?.y, PATIENT).toBe(before);
    expect(await page.evaluate("scrollY")).toBeGreaterThan(1000);
    await page.goForward();
    await page.getByRole("heading", { name: "Question 150?" }).waitFor();
  });

  it("return to a timeline where it was left, whatever span was selected", async () => {
    const page = await browser.open(`${url}t/${SECOND}`);
    await page.setViewportSize({ width: 1440, height: 420 });
    await page.locator(".tr").nth(1).click();
    await page.locator(".tr[aria-selected=true]").waitFor();
    const rows = page.locator(".rows");
    const left = await rows.evaluate((one) => {
      one.scrollTop = 150;
      return one.scrollTop;
    });
    expect(left).toBeGreaterThan(60);
    await page.getByRole("link", { name: "Numbers" }).click();
    await page.getByRole("heading", { level: 1, name: "Numbers" }).waitFor();
    await page.goBack();
    await page.locator(".tr[aria-selected=true]").waitFor({ state: "attached" });
    await expect.poll(() => rows.evaluate((one) => one.scrollTop)).toBe(left);
  });
});

describe("keys alone", () => {
  it("lead from the list to a span, and back", async () => {
    const page = await browser.open(`${url}?since=all`);
    await page.locator(".list .item").first().waitFor();
    await page.keyboard.press("j");
    await page.locator('.list .item[aria-selected="true"]').waitFor();
    await page.keyboard.press("End");
    await page.keyboard.press("Home");
    await page.locator('.list .item[aria-rowindex="2"][aria-selected="true"]').waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: /^What is the weather in Amsterdam/ }).waitFor();
    await page.locator(".call").first().waitFor();
    await page.keyboard.press("j");
    await page.locator(".call-m[aria-current=true]").waitFor();
    await page.keyboard.press("v");
    const rows = page.getByRole("treegrid").getByRole("row");
    await rows.first().waitFor();
    await page.keyboard.press("]");
    await page.waitForURL((at) => at.pathname.endsWith(SECOND));
    await rows.filter({ hasText: "find_trains" }).first().waitFor();
    await page.keyboard.press("Home");
    await page.locator('.tr[aria-rowindex="1"][aria-selected=true]').waitFor();
    const all = Number(await page.getByRole("treegrid").getAttribute("aria-rowcount"));
    await page.keyboard.press("Shift+ArrowLeft");
    await page.locator('[role=treegrid][aria-rowcount="1"]').waitFor();
    await page.keyboard.press("Shift+ArrowRight");
    await page.locator(`[role=treegrid][aria-rowcount="${all}"]`).waitFor();
    await page.keyboard.press("ArrowLeft");
    await page.locator('[role=treegrid][aria-rowcount="1"]').waitFor();
    await page.keyboard.press("ArrowRight");
    await page.locator(`[role=treegrid][aria-rowcount="${all}"]`).waitFor();
    await page.keyboard.press("e");
    await page.locator(".tr.iserr[aria-selected=true]").waitFor();
    await page.keyboard.press("f");
    await page.waitForURL(/[?&](?:from|to)=/);
    for (const key of ["w", "s", "a", "d"]) await page.keyboard.press(key);
    await page.keyboard.press("0");
    await page.waitForURL((at) => !at.searchParams.has("from") && !at.searchParams.has("to"));
    await page.keyboard.press("m");
    await page.waitForURL(/scale=steps/);
    await page.keyboard.press("c");
    await page.waitForURL(/path=off/);
    await page.locator("#panel").waitFor();
    await page.keyboard.press("Enter");
    await page.locator("#panel:focus").waitFor();
    await page.keyboard.press("[");
    await page.waitForURL((at) => !at.pathname.endsWith(SECOND));
    await rows.filter({ hasText: "get_weather" }).first().waitFor();
    await page.keyboard.press("]");
    await page.waitForURL((at) => at.pathname.endsWith(SECOND));
    await page.keyboard.press("g");
    await page.keyboard.press("n");
    await page.getByRole("heading", { name: "Numbers", level: 1 }).waitFor();
    await page.keyboard.press("/");
    await page.getByRole("combobox", { name: "Filter" }).and(page.locator(":focus")).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("t");
    await page.locator("html[data-theme=dark]").waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("c");
    await page.locator(".list .item").first().waitFor();
  });
});
