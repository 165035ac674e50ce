// For everybody: axe finds nothing in any view, in either theme, wide and narrow; zoom, text spacing, forced colours, reduced motion.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { BrowserContextOptions, Locator, Page } from "playwright-core";
import { describe, expect, inject, it } from "vitest";
import { Browsing } from "./browser.ts";
import { sideways, spaced } from "./shape.ts";

const browser = new Browsing();
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };
/** A call of a model in the second turn, and the trace of that turn. */
const TRACE = "3f5908dfc2a14be0837d5cc1f9e2a6b8";
const CALL = "eb45f908470f9967";

const full = inject("travel");
const empty = inject("empty");

/** A view in a state, and what shows that it is there. */
interface Sight {
  readonly name: string;
  /** Where it differs from another sight in a part alone. */
  readonly part?: string;
  readonly open: (page: Page) => Promise<unknown>;
}

const row = (page: Page) => page.locator(".list .item").first().waitFor();
const panel = async (page: Page, tab: string): Promise<void> => {
  await page.getByRole("complementary").waitFor();
  const peek = page.locator(".peek");
  if (await peek.isVisible()) await peek.click();
  await page.getByRole("tabpanel", { name: tab }).waitFor();
};

const SIGHTS: readonly Sight[] = [
  {
    name: "list",
    open: async (page) => {
      await page.goto(`${full}?since=all`);
      await row(page);
    },
  },
  {
    name: "filtered list",
    part: ".bar",
    open: async (page) => {
      await page.goto(
        `${full}?since=all&only=failed&q=${encodeURIComponent('ai.agent.name = "supervisor"')}`,
      );
      await row(page);
      await page.getByRole("combobox", { name: "Filter" }).press("ArrowDown");
      await page.getByRole("option").first().waitFor();
    },
  },
  {
    name: "filter that cannot be read",
    part: ".bar",
    open: async (page) => {
      await page.goto(`${full}?since=all&q=${encodeURIComponent("duration > fast")}`);
      await page.getByRole("alert").waitFor();
    },
  },
  {
    name: "conversation",
    open: async (page) => {
      await page.goto(`${full}c/trip-1042`);
      await page.locator(".call").first().waitFor();
      await page.keyboard.press("o");
      await page.locator(".callbody").first().waitFor();
    },
  },
  {
    name: "conversation with a call",
    part: "aside",
    open: async (page) => {
      await page.goto(`${full}c/trip-1042?span=${CALL}&turn=2`);
      await panel(page, "Context");
      await page.getByRole("heading", { name: /^New since call/ }).waitFor();
    },
  },
  {
    name: "timeline",
    open: async (page) => {
      await page.goto(`${full}t/${TRACE}?span=${CALL}`);
      await page.getByRole("treegrid").getByRole("row").first().waitFor();
      await panel(page, "Overview");
    },
  },
  ...["Context", "Messages", "Attributes", "Raw"].map((tab) => ({
    name: `timeline with ${tab}`,
    part: "aside",
    open: async (page: Page): Promise<void> => {
      await page.getByRole("tab", { name: tab }).click();
      await page.getByRole("tabpanel", { name: tab }).locator(".sec").first().waitFor();
    },
  })),
  {
    name: "timeline with Input/Output",
    part: "aside",
    open: async (page) => {
      await page.goto(`${full}t/${TRACE}?span=04512e8bc45b2446&tab=io`);
      await panel(page, "Input/Output");
    },
  },
  {
    name: "why a tool was called",
    part: "aside",
    open: async (page) => {
      await page.goto(`${full}t/${TRACE}?span=04512e8bc45b2446&tab=why`);
      await panel(page, "Why");
      await page.locator("#panel .sec").first().waitFor();
    },
  },
  {
    name: "list with marks",
    part: "main",
    open: async (page) => {
      await page.goto(`${full}?since=all`);
      await row(page);
      await page.getByRole("button", { name: "Compare", exact: true }).click();
      await page.getByRole("checkbox").nth(0).check();
      await page.getByRole("checkbox").nth(1).check();
      await page.getByRole("button", { name: "Compare both" }).waitFor();
    },
  },
  {
    name: "compared calls",
    open: async (page) => {
      await page.goto(`${full}compare?a=trip-1042%236&b=trip-1042%237`);
      await page.getByRole("heading", { name: "Prompt and answer" }).waitFor();
    },
  },
  {
    name: "compared traces",
    open: async (page) => {
      await page.goto(`${full}compare?a=${TRACE}&b=4bf92f3577b34da6a3ce929d0e0e4736`);
      await page.getByRole("table", { name: "Steps" }).getByRole("row").nth(3).waitFor();
    },
  },
  {
    name: "choosing what to compare",
    part: "dialog",
    open: async (page) => {
      await page.keyboard.press("b");
      await page.getByRole("option").nth(2).waitFor();
    },
  },
  {
    name: "numbers",
    open: async (page) => {
      await page.goto(`${full}numbers?since=all`);
      await page
        .getByRole("row", { name: /sonnet/ })
        .first()
        .waitFor();
    },
  },
  {
    name: "search",
    part: "dialog",
    open: async (page) => {
      await page.goto(`${full}?since=all`);
      await row(page);
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: "Search words" }).fill("umbrella");
      await page.getByRole("option").first().waitFor();
    },
  },
  {
    name: "help",
    part: "dialog",
    open: async (page) => {
      await page.goto(`${full}?since=all`);
      await row(page);
      await page.keyboard.press("?");
      await page.getByRole("dialog", { name: "Keys" }).waitFor();
    },
  },
  {
    name: "empty store",
    open: async (page) => {
      await page.goto(empty);
      await page.getByRole("heading", { name: "Send a first trace" }).waitFor();
    },
  },
  {
    name: "error",
    open: async (page) => {
      await page.goto(`${full}t/${"f".repeat(32)}`);
      await page.getByRole("button", { name: "Try again" }).waitFor();
    },
  },
];

describe.each([
  { theme: "light", viewport: WIDE },
  { theme: "light", viewport: NARROW },
  { theme: "dark", viewport: WIDE },
  { theme: "dark", viewport: NARROW },
] as const)("$theme, $viewport.width wide", ({ theme, viewport }) => {
  it("axe finds nothing, nothing is wider than the window, nothing moves where that is not wanted", async () => {
    const found: string[] = [];
    const options = { viewport, colorScheme: theme, reducedMotion: "reduce" } as const;
    await inAll(options, async (page, { name, part }) => {
      for (const one of await violations(page, part, theme)) found.push(`${name}: ${one}`);
      const wide = await sideways(page);
      if (wide !== "") found.push(`${name}: ${wide}`);
      for (const one of await moving(page)) found.push(`${name}: ${one} moves`);
    });
    expect(found).toEqual([]);
  });
});

function moving(page: Page): Promise<readonly string[]> {
  return page.evaluate(
    "document.getAnimations().filter((one) => one.playState === 'running').map((one) => String(one.effect?.target?.className))",
  );
}

/** What axe finds. The themes differ in colours alone: the rest is looked at in the light one. */
async function violations(
  page: Page,
  part: string | undefined,
  theme: "light" | "dark",
): Promise<readonly string[]> {
  if (await page.evaluate("globalThis.axe === undefined")) await page.evaluate(AXE);
  const options = {
    resultTypes: ["violations"],
    ...(theme === "dark" && { runOnly: ["color-contrast", "link-in-text-block"] }),
  };
  const where = part === undefined ? "document" : JSON.stringify(part);
  const results: AxeResults = await page.evaluate(`axe.run(${where}, ${JSON.stringify(options)})`);
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.slice(0, 4).map(({ target, failureSummary = "" }) => {
      return `${id} at ${target.join(" ")}: ${failureSummary.split("\n").slice(1).join(";").trim()}`;
    }),
  );
}

/** Every sight, in a window of some kind. */
async function inAll(options: BrowserContextOptions, look: (page: Page, sight: Sight) => Promise<void>) {
  const page = await browser.blank(options);
  for (const sight of SIGHTS) {
    await sight.open(page);
    await look(page, sight);
  }
  browser.forgive(/Failed to load resource.* 40[04] /);
}

describe("who sees otherwise", () => {
  it("has all at 200 % zoom, and with more space in text", async () => {
    const found: string[] = [];
    const zoomed = { viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 };
    await inAll(zoomed, async (page, { name }) => {
      for (const text of [await sideways(page), await spaced(page).then(() => sideways(page))])
        if (text !== "") found.push(`${name}: ${text}`);
    });
    expect(found).toEqual([]);
  });

  it("has marks that do not hang on colours", async () => {
    const options: BrowserContextOptions = { forcedColors: "active" };
    const page = await browser.open(`${full}t/${TRACE}?span=${CALL}`, options);
    const failed = page.getByRole("row", { name: /find_trains/ }).first();
    const icons = failed.locator(".tn svg");
    await icons.first().waitFor();
    const ground = await colour(failed, "backgroundColor");
    await page.getByRole("tabpanel").waitFor();
    const colours = await icons.evaluateAll((all) =>
      all.map((one) => String(Reflect.get(Reflect.get(globalThis, "getComputedStyle")(one), "color"))),
    );
    expect(colours).not.toContain(ground);
    // What is selected is marked by a line at its edge, not by its ground alone.
    const selected = page.getByRole("row", { selected: true });
    const other = page.getByRole("row", { selected: false }).first();
    expect(await edgeOf(selected)).not.toBe(await edgeOf(other));
  });
});

function colour(of: Locator, name: "color" | "backgroundColor"): Promise<string> {
  return of.evaluate((element, property) => {
    return String(Reflect.get(Reflect.get(globalThis, "getComputedStyle")(element), property));
  }, name);
}

/** The left edge of a row as it is painted. */
async function edgeOf(row: Locator): Promise<string> {
  const { x, y, height } = (await row.boundingBox()) ?? { x: 0, y: 0, height: 0 };
  const clip = { x, y: y + 2, width: 4, height: height - 4 };
  return (await row.page().screenshot({ clip })).toString("base64");
}
