// Two side by side: how they are chosen, what is told of them, and what of very many steps is on the page.
import { InMemoryTracer } from "tracelight";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { turn, WEATHER } from "./agent.ts";
import { Browsing, PATIENT } from "./browser.ts";
import { scrolled } from "./shape.ts";
import { served } from "./stores.ts";
import { brokenPrefix } from "./windows.ts";

const browser = new Browsing();
const full = inject("travel");
const TURNS = ["3f5908dfc2a14be0837d5cc1f9e2a6b8", "4bf92f3577b34da6a3ce929d0e0e4736"] as const;

describe("two are chosen", () => {
  it("in the list, by keys and by boxes", async () => {
    const page = await browser.open(`${full}?since=all`);
    await page.locator(".list .item").nth(3).waitFor();
    for (const key of ["j", "x", "j", "j", "x"]) await page.keyboard.press(key);
    await page.getByRole("button", { name: "Compare both" }).waitFor();
    await expect.poll(() => page.locator(".list .mk1").allTextContents(), PATIENT).toEqual(["A", "B"]);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "What it did, step by step" }).waitFor();
    const both = new URL(page.url()).searchParams;
    expect(both.get("a")).not.toBe(both.get("b"));
    await page.goBack();
    await page.getByRole("button", { name: "Compare both" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Compare both" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Compare", exact: true }).click();
    await page.getByRole("checkbox").nth(0).check();
    await page.getByRole("checkbox").nth(1).check();
    await page.getByRole("button", { name: "Compare both" }).click();
    await page.getByRole("heading", { name: "What it did, step by step" }).waitFor();
  });

  it("from a conversation, with one that is found by its words", async () => {
    const page = await browser.open(`${full}c/trip-1042`);
    await page.locator(".obj").getByRole("link", { name: "Compare", exact: true }).click();
    await page.getByText("Choose two model calls").waitFor();
    await page.keyboard.press("b");
    const input = page.getByRole("combobox", { name: "Choose B" });
    await page.getByRole("option").nth(2).waitFor();
    await input.fill("trip-1039");
    await page.getByRole("option", { name: /trip-1039/, selected: true }).waitFor();
    await input.press("Enter");
    await page.getByRole("heading", { name: "What it did, step by step" }).waitFor();
    const { searchParams } = new URL(page.url());
    expect([searchParams.get("a"), searchParams.get("b")]).toEqual(["trip-1042", "trip-1039"]);
    await page.keyboard.press("s");
    await expect.poll(() => new URL(page.url()).searchParams.get("a")).toBe("trip-1039");
  });

  it("by g x, and what cannot be compared is said with the way out", async () => {
    const page = await browser.open(`${full}?since=all`);
    await page.locator(".list .item").first().waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("x");
    await page.getByText("Choose two model calls").waitFor();
    browser.forgive(/Failed to load resource.* 40[04] /);
    await page.goto(`${full}compare?a=trip-1042&b=nowhere`);
    await page.getByRole("alert").getByText("There is no such trace").waitFor();
    await page.goto(`${full}compare?a=trip-1042&b=${encodeURIComponent("trip-1042#2")}`);
    await page.getByRole("alert").waitFor();
    await page.getByRole("button", { name: /^A/ }).click();
    await page.getByRole("option", { name: /^call 1 / }).click();
    await page.getByRole("heading", { name: "Prompt and answer" }).waitFor();
  });
});

describe("two model calls", () => {
  let url = "";
  beforeAll(async () => {
    url = await served(brokenPrefix());
  });

  it("stand beside each other: only what differs is open, and marked at its words", async () => {
    const page = await browser.open(`${url}c/broken?call=3`);
    await page.getByRole("link", { name: "Compare with the call before" }).waitFor();
    await page.locator("#panel").waitFor();
    await page.keyboard.press("d");
    await page.getByRole("heading", { name: "Prompt and answer" }).waitFor();
    expect(new URL(page.url()).searchParams.get("a")).toBe("broken#2");
    const same = page.getByRole("button", { name: "2 messages the same" });
    expect(await same.getAttribute("aria-expanded")).toBe("false");
    await same.press("Enter");
    await page.getByRole("list", { name: "2 messages the same" }).getByRole("listitem").nth(1).waitFor();
    await same.click();
    await page.getByRole("list", { name: "2 messages the same" }).waitFor({ state: "detached" });
    const changed = page.getByRole("region", { name: "search_events, result, changed" });
    await changed.locator("pre.da del", { hasText: "event 0 at" }).waitFor();
    await changed.locator("pre.db ins", { hasText: "shortened" }).waitFor();
    expect(await changed.locator("pre.db del").count()).toBe(0);
    const added = page.getByRole("region", { name: "user, only in B" });
    await added.getByText("And with <b>children</b>?").waitFor();
    await page.locator(".strip", { hasText: /tokens in.*7,020.*5,520.*−21/s }).waitFor();
    await page.getByRole("button", { name: "One column" }).click();
    await changed.locator("pre.one ins", { hasText: "shortened" }).waitFor();
    await page.keyboard.press("h");
    await page.getByText("2 messages the same").waitFor({ state: "detached" });
    await page.keyboard.press("j");
    await page.locator("[data-differs]:focus", { hasText: "result" }).waitFor();
    const link = page.url();
    const other = await browser.open(link);
    await other.getByRole("button", { name: "One column", pressed: true }).waitFor();
    await other.getByRole("region", { name: "user, only in B" }).waitFor();
  });
});

describe("two traces", () => {
  it("are aligned step by step, with where they part, and lead to their spans and calls", async () => {
    const page = await browser.open(`${full}compare?a=${TURNS[0]}&b=${TURNS[1]}`);
    const steps = page.getByRole("table", { name: "Steps" });
    await steps.getByRole("row", { name: /find_museums/ }).waitFor();
    await page.getByRole("region", { name: "Where they part" }).waitFor();
    await page.locator(".strip", { hasText: "tool calls" }).waitFor();
    await steps.getByRole("row", { name: /call 1 sonnet-4-5 .* call 1 sonnet-4-5 / }).waitFor();
    await steps
      .getByRole("row", { name: /haiku-4-5 events / })
      .first()
      .waitFor();
    const failed = steps.getByRole("row", { name: /get_directions .* 503 Service Unavailable/ });
    expect(await failed.locator(".st").getAttribute("title")).toContain("timed out after 1500 ms");
    await page.getByRole("link", { name: "Model calls" }).click();
    await page.getByRole("heading", { name: "Prompt and answer" }).waitFor();
    await page.getByRole("link", { name: "Traces" }).click();
    await steps.getByRole("link", { name: "find_museums" }).click();
    await page.getByRole("treegrid").getByRole("row", { selected: true }).waitFor();
    expect(new URL(page.url()).pathname).toContain(TURNS[1]);
  });

  it("of thousands of steps have those in view on the page", async () => {
    const tracer = new InMemoryTracer({ maxSpans: 10_000 });
    for (const id of ["long a", "long b"]) {
      tracer.trace("converse", (span) => {
        span.addAttribute("ai.conversation.id", id, { inheritable: true });
        for (let i = 0; i < 3000; i++)
          tracer.trace("tool", (tool) =>
            tool.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.name": `tool ${i % 7}` }),
          );
        if (id === "long b") turn(tracer, { ...WEATHER, id });
      });
    }
    const page = await browser.open(`${await served(tracer)}compare?a=long+a&b=long+b`);
    const rows = page.getByRole("table", { name: "Steps" }).getByRole("row");
    await page.locator("[aria-rowcount]").waitFor();
    expect(Number(await page.locator("[aria-rowcount]").getAttribute("aria-rowcount"))).toBeGreaterThan(3000);
    expect(await rows.count()).toBeLessThanOrEqual(80);
    // What is in view keeps the focus while it is scrolled; what went takes it along.
    const focused = page.locator("[role=row]:focus");
    await page.locator("[aria-rowindex='25']").focus();
    await scrolled(page, 300);
    await page.locator("[aria-rowindex='40']").waitFor();
    expect(await focused.getAttribute("aria-rowindex")).toBe("25");
    await scrolled(page, 30_000);
    await page.locator("[aria-rowindex='25']").waitFor({ state: "detached" });
    expect(await focused.count()).toBe(0);
    const last = rows.filter({ hasText: "get_weather" });
    await expect
      .poll(async () => {
        await scrolled(page, 1_000_000);
        return last.isVisible();
      }, PATIENT)
      .toBe(true);
    expect(await rows.count()).toBeLessThanOrEqual(80);
  });
});
