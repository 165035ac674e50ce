// The context lens: what filled a call's window, what is new first, what became of the cache; for long conversations too.
import { InMemoryTracer } from "tracelight";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { turn, WEATHER } from "./agent.ts";
import { Browsing, PATIENT } from "./browser.ts";
import { served } from "./stores.ts";
import { brokenPrefix, calls, user } from "./windows.ts";

const browser = new Browsing();
const full = inject("travel");
const TRACE = "d2315044a90b4c7c9be1f30c7754ee21";
const CALL = "4fa84f900976558f";

describe("a conversation's lens", () => {
  it("is the first that is seen of a call: what filled the window, and what is new", async () => {
    const page = await browser.open(`${full}c/trip-1042?call=7`);
    const panel = page.getByRole("tabpanel", { name: "Context" });
    await panel.getByText("15,440").first().waitFor();
    await panel.getByText(/^tokens in, \d+\s% of the \d+[kM] window$/).waitFor();
    const parts = panel.getByRole("table", { name: /Tokens by part/ }).getByRole("row");
    const tokens = async (): Promise<number[]> =>
      (await parts.locator("td:nth-child(2)").allInnerTexts()).map((text) => Number(text.replace(",", "")));
    await expect.poll(async () => (await tokens()).reduce((sum, n) => sum + n, 0), PATIENT).toBe(15_440);
    await parts.filter({ hasText: "new since call 6" }).waitFor();
    await panel.getByRole("heading", { name: /^New since call 6/ }).waitFor();
    await panel.getByText("find_flights").first().waitFor();
    await panel.getByText("Called find_trains, find_flights, convert_currency.").waitFor();
    await panel.getByRole("heading", { name: "Cache not used" }).waitFor();
    await expect.poll(() => panel.locator(".gc").count(), PATIENT).toBe(11);
  });

  it("goes from call to call, by columns, by keys and by links", async () => {
    const page = await browser.open(`${full}c/trip-1042?call=7`);
    const panel = page.getByRole("tabpanel", { name: "Context" });
    await panel.getByRole("link", { name: /^call 5:/ }).click();
    await page.getByRole("heading", { name: "Call 5" }).waitFor();
    await panel.getByRole("heading", { name: /^New since call 4/ }).waitFor();
    expect(new URL(page.url()).searchParams.get("call")).toBe("5");
    await page.locator("#panel").focus();
    await page.keyboard.press("j");
    await panel.getByRole("heading", { name: /^New since call 5/ }).waitFor();
    await panel.getByRole("link", { name: /^call 6:/ }).focus();
    await page.keyboard.press("ArrowRight");
    await panel
      .getByRole("link", { name: /^call 7:/ })
      .and(page.locator(":focus"))
      .waitFor();
    await page.keyboard.press("Enter");
    await panel.getByRole("heading", { name: /^New since call 6/ }).waitFor();
    await panel.getByRole("link", { name: /^Call 7 did not use the cache/ }).waitFor();
  });

  it("is beside a timeline too, where it knows the calls of the turns before", async () => {
    const page = await browser.open(`${full}t/${TRACE}?span=${CALL}&tab=context`);
    const panel = page.getByRole("tabpanel", { name: "Context" });
    await panel.getByRole("heading", { name: /^New since call 5/ }).waitFor();
    await panel.getByRole("link", { name: /^call 8:/ }).click();
    await panel.getByRole("heading", { name: /^New since call 7/ }).waitFor();
    expect(new URL(page.url()).pathname).not.toContain(TRACE);
  });

  it("is among a call's other figures, with the same pieces", async () => {
    const page = await browser.open(`${full}t/${TRACE}?span=${CALL}`);
    const pieces = page.locator(".inover .lens i");
    // Pieces, not the five parts: those of messages and results stand in their order.
    await expect.poll(() => pieces.count(), PATIENT).toBeGreaterThan(10);
    const told = () => pieces.evaluateAll((all) => all.map(({ title }) => title));
    const inOverview = await told();
    await page.getByRole("tabpanel", { name: "Overview" }).getByRole("button", { name: "Context" }).click();
    await page.locator(".bigrow").waitFor();
    await expect
      .poll(() => page.locator(".lens i").evaluateAll((all) => all.map(({ title }) => title)), PATIENT)
      .toEqual(inOverview);
  });

  it("says of each message how many tokens it has, as its context does", async () => {
    const page = await browser.open(`${full}c/trip-1042?call=7`);
    const result = page.locator(".fresh", { hasText: /^find_flightsresult/ }).locator(".num");
    const said = (await result.textContent()) ?? "";
    expect(said).toMatch(/^[\d,]+ tokens$/);
    await page.getByRole("tab", { name: "Messages" }).click();
    const messages = page.getByRole("tabpanel", { name: "Messages" });
    await messages
      .getByRole("button", { name: `find_flights, result ${said}` })
      .first()
      .waitFor();
  });

  it("has bars in the margins", async () => {
    const page = await browser.open(`${full}c/trip-1042?turn=3`);
    await page.locator(".call-m .mini").first().waitFor();
    await page
      .locator(".user-m .margin", { hasText: /^dana\d+ tokens$/ })
      .first()
      .waitFor();
    expect(await page.locator("aside").count()).toBe(0);
  });
});

describe("why a tool was called", () => {
  it("is told beside its span: who asked, what was thought, what could be chosen, what the result cost later", async () => {
    const page = await browser.open(`${full}c/trip-1042?turn=3`);
    const third = page.getByRole("article", { name: "Turn 3" });
    await third.getByRole("button", { name: /find_flights/ }).click();
    await third.getByRole("link", { name: "Why this tool" }).click();
    const why = page.getByRole("tabpanel", { name: "Why" });
    await why.getByRole("heading", { name: "Asked by call 6" }).waitFor();
    await why.getByText("I ask for both, and for today's rate").waitFor();
    const offered = why.getByRole("list", { name: "Tools that were offered" }).getByRole("listitem");
    await expect.poll(() => offered.count(), PATIENT).toBe(12);
    await offered.filter({ hasText: "find_flights, chosen" }).waitFor();
    await why.getByText("In the same answer it asked for find_trains, convert_currency too.").waitFor();
    await why.getByText(/^Call 7/).waitFor();
    await why.getByText("in 5 calls").waitFor();
    await why.getByRole("link", { name: "call 6" }).click();
    await page
      .getByRole("tabpanel", { name: "Overview" })
      .or(page.getByRole("tabpanel", { name: "Context" }))
      .first()
      .waitFor();
  });

  it("is not known of a tool that no model asked for", async () => {
    const tracer = new InMemoryTracer();
    turn(tracer, WEATHER);
    const page = await browser.open(`${await served(tracer)}c/${WEATHER.id}`);
    await page.getByRole("button", { name: /get_weather/ }).click();
    await page.getByRole("link", { name: "Why this tool" }).click();
    await page.getByText("No model call is known to have asked for it.").waitFor();
  });
});

describe("a broken prefix", () => {
  let url = "";
  beforeAll(async () => {
    url = `${await served(brokenPrefix())}c/broken`;
  });

  it("is told with what changed, word by word, and its price", async () => {
    const page = await browser.open(`${url}?call=3`);
    const panel = page.getByRole("tabpanel", { name: "Context" });
    await panel.getByRole("heading", { name: "Prefix broken between call 2 and call 3" }).waitFor();
    await panel.getByText("The result of search_events was shortened").first().waitFor();
    await panel.getByText(/tokens from there on were read again: \+\$0\.\d{4}/).waitFor();
    await panel.locator("del", { hasText: "event 0 at the harbour" }).waitFor();
    await panel.locator("ins", { hasText: "shortened" }).waitFor();
    expect(await panel.locator("del").first().textContent()).not.toContain("event 300");
    await panel.getByRole("button", { name: /more characters/ }).click();
    await panel.locator("del", { hasText: "event 300" }).waitFor();
    await panel.getByRole("link", { name: /^call 3:.*prefix broken/ }).waitFor();
    await page.locator(".call-m", { hasText: "prefix broken" }).waitFor();
    // What somebody said is text, whatever it looks like.
    expect(await panel.locator("b", { hasText: /^children$/ }).count()).toBe(0);
  });

  it("is seen in a narrow window before the sheet is opened", async () => {
    const page = await browser.open(`${url}?call=3`, { viewport: { width: 390, height: 844 } });
    await page.locator(".peek", { hasText: "prefix broken" }).click();
    await page.getByRole("heading", { name: "Prefix broken between call 2 and call 3" }).waitFor();
  });

  it("waits for an answer, and says what went wrong with it", async () => {
    const page = await browser.blank();
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let isFailing = true;
    await page.route(/\/context(?:\?|$)/, async (route) => {
      await asked;
      await (isFailing ? route.fulfill({ status: 503, json: PROBLEM }) : route.continue());
    });
    browser.forgive(/Failed to load resource.* 503 /);
    await page.goto(`${url}?call=3`);
    await page.getByRole("status").getByText("Reading the prompts").waitFor();
    answer();
    const alert = page.getByRole("alert").filter({ hasText: "The context of this call could not be read" });
    await alert.getByText("Busy with other pages.").waitFor();
    isFailing = false;
    await alert.getByRole("button", { name: "Try again" }).click();
    await page.getByRole("heading", { name: /^Prefix broken/ }).waitFor();
  });
});

const PROBLEM = { title: "Busy", status: 503, code: "BUSY", detail: "Busy with other pages." };

describe("a long conversation", () => {
  const CALLS = 500;
  const NEW = 1000;
  let url = "";
  beforeAll(async () => {
    const tracer = new InMemoryTracer();
    const messages: object[] = [];
    calls(
      tracer,
      "long",
      Array.from({ length: CALLS }, (_, i) => {
        const more = i === CALLS - 1 ? NEW : 1;
        for (let n = 0; n < more; n++) messages.push(user(`question ${i}.${n} ${"word ".repeat(200)}`));
        return { messages: [...messages], cached: i * 100, written: 100 };
      }),
    );
    url = `${await served(tracer)}c/long`;
  });

  it("has on the page what is in view of its calls and of what is new", async () => {
    const page = await browser.open(`${url}?call=${CALLS}`);
    const panel = page.getByRole("tabpanel", { name: "Context" });
    await panel.getByRole("heading", { name: /^New since call 499/ }).waitFor();
    await panel.getByRole("link", { name: `call ${CALLS}:` }).waitFor();
    expect(await panel.locator(".gc").count()).toBeLessThanOrEqual(80);
    expect(await panel.locator(".fresh").count()).toBeLessThanOrEqual(12);
    expect(await panel.locator(".lens i").count()).toBeLessThanOrEqual(451);
    await panel.getByRole("button", { name: "988 more parts" }).click();
    expect(await panel.locator(".fresh").count()).toBeLessThanOrEqual(62);
    const columns = panel.locator(".gscroll");
    const first = panel.getByRole("link", { name: /^call 1:/ });
    await expect
      .poll(async () => {
        await columns.evaluate((box) => Reflect.set(box, "scrollLeft", 0));
        return first.isVisible();
      }, PATIENT)
      .toBe(true);
    expect(await panel.locator(".gc").count()).toBeLessThanOrEqual(80);
    await panel.getByRole("link", { name: /^call 3:/ }).click();
    await page.getByRole("heading", { name: "Call 3", exact: true }).waitFor();
    await panel.getByRole("heading", { name: /^New since call 2/ }).waitFor();
  });
});
