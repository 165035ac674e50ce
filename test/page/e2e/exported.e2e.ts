// A conversation as one file: the page over what lies in it, without a server, without the network, whatever was said.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { beforeAll, describe, expect, it } from "vitest";
import { Browsing, PATIENT } from "./browser.ts";
import { command, folder, travelStore, view } from "./served.ts";

const browser = new Browsing();
const OFFLINE = { offline: true };

async function exported(id: string, store: string, name: string): Promise<string> {
  const file = join(folder(), name);
  await command("export", "--html", id, "--out", file, store);
  return pathToFileURL(file).href;
}

describe("a conversation as a file", () => {
  let url = "";
  beforeAll(async () => {
    url = await exported("trip-1042", await travelStore(), "trip # 1042.html");
  });

  it("is the page: chat, timeline, spans, back and links", async () => {
    const page = await browser.open(url, OFFLINE);
    await page.getByRole("heading", { level: 1, name: "What is the weather in Amsterdam" }).waitFor();
    await page.locator(".body", { hasText: "12 °C with light rain" }).first().waitFor();
    expect(await page.getByRole("navigation", { name: "Views" }).count()).toBe(0);
    expect(await page.locator(".crumb").count()).toBe(0);
    expect(await page.getByRole("button", { name: "Search words" }).count()).toBe(0);
    await page
      .getByRole("link", { name: /^trace/ })
      .first()
      .click();
    const rows = page.getByRole("treegrid").getByRole("row");
    await rows.filter({ hasText: "get_weather" }).first().click();
    const inspector = page.getByRole("complementary");
    await inspector.getByRole("tab", { name: "Input/Output" }).click();
    await inspector.getByRole("tabpanel").getByText("KNMI").first().waitFor();
    for (const tab of ["Attributes", "Raw"]) {
      await inspector.getByRole("tab", { name: tab }).click();
      await inspector.getByRole("tabpanel", { name: tab }).getByText("ai.tool.name").first().waitFor();
    }
    const link = page.url();
    expect(link.startsWith(`${url}#/t/`)).toBe(true);
    await page.goBack();
    await page.locator(".body", { hasText: "12 °C with light rain" }).first().waitFor();
    const other = await browser.open(link, OFFLINE);
    await other.getByRole("tabpanel", { name: "Raw" }).getByText("ai.tool.name").first().waitFor();
  });

  it("has each call beside the one before it, and turns them around", async () => {
    const page = await browser.open(`${url}#/c/trip-1042?call=7`, OFFLINE);
    await page.getByRole("heading", { name: /^New since call 6/ }).waitFor();
    await page.locator("#panel").focus();
    await page.keyboard.press("d");
    await page.getByRole("heading", { name: "Prompt and answer" }).waitFor();
    const differences = page.locator("[data-differs]");
    await page.getByText("only in B", { exact: true }).first().waitFor();
    const added = await page.getByText("only in B", { exact: true }).count();
    expect(await page.getByText("only in A", { exact: true }).count()).toBe(0);
    await page.getByRole("button", { name: /messages the same/ }).click();
    await page
      .getByRole("list", { name: /messages the same/ })
      .getByText("What is the weather in Amsterdam")
      .first()
      .waitFor();
    const before = await differences.count();
    await page.getByRole("button", { name: "Swap A and B" }).click();
    await expect.poll(() => page.getByText("only in A", { exact: true }).count(), PATIENT).toBe(added);
    await expect.poll(() => differences.count(), PATIENT).toBe(before);
    expect(await page.getByRole("link", { name: "Traces" }).count()).toBe(0);
    expect(await page.getByRole("button", { name: /^Choose/ }).count()).toBe(0);
    await page.goBack();
    await page.getByRole("heading", { name: /^New since call 6/ }).waitFor();
    const { hash } = new URL(page.url());
    expect(hash).toContain("call=7");
  });

  it("has the context lens of each call, and why tools were called", async () => {
    const page = await browser.open(`${url}#/c/trip-1042?call=7`, OFFLINE);
    const panel = page.getByRole("tabpanel", { name: "Context" });
    await panel.getByText("15,440").first().waitFor();
    await panel.getByRole("heading", { name: /^New since call 6/ }).waitFor();
    await panel.getByText("find_flights").first().waitFor();
    await page.locator("#panel").focus();
    await page.keyboard.press("k");
    await panel.getByRole("heading", { name: /^New since call 5/ }).waitFor();
    // With the call before it, and with nothing else.
    await expect.poll(() => page.getByRole("link", { name: /Compare/ }).count(), PATIENT).toBe(1);
    const third = page.getByRole("article", { name: "Turn 3" });
    await third.getByRole("button", { name: /find_flights/ }).click();
    await third.getByRole("link", { name: "Why this tool" }).click();
    const why = page.getByRole("tabpanel", { name: "Why" });
    await why.getByRole("heading", { name: /^Asked by call 6/ }).waitFor();
    await why.getByRole("list", { name: "Tools that were offered" }).getByText("find_flights").waitFor();
  });

  it("leads nowhere else, and says so", async () => {
    const page = await browser.open(`${url}#/t/${"f".repeat(32)}`, OFFLINE);
    await page.getByRole("heading", { level: 1 }).getByText("one conversation or trace").waitFor();
    await page.keyboard.press("Control+k");
    await page.getByRole("link", { name: "Tracelight, conversations" }).click();
    await page.getByRole("heading", { level: 1, name: "What is the weather in Amsterdam" }).waitFor();
    expect(await page.getByRole("combobox").count()).toBe(0);
  });

  it("is had from the page, as the other forms are", async () => {
    const { url: served } = await view(await travelStore());
    const page = await browser.open(`${served}c/trip-1042`);
    const take = async (name: string): Promise<string> => {
      await page.getByRole("button", { name: "Export" }).click();
      const coming = page.waitForEvent("download");
      await page.getByRole("menuitem", { name }).click();
      const path = join(folder(), (await (await coming).suggestedFilename()) || "none");
      await (await coming).saveAs(path);
      return path;
    };
    const file = await browser.open(pathToFileURL(await take("One HTML file")).href, OFFLINE);
    await file.locator(".body", { hasText: "12 °C with light rain" }).first().waitFor();
    expect(await file.getByRole("button", { name: "Export" }).count()).toBe(0);
    expect(readFileSync(await take("Markdown"), "utf8")).toContain("# Conversation `trip-1042`");
    await page
      .getByRole("link", { name: /^trace/ })
      .first()
      .click();
    await page.getByRole("treegrid").waitFor();
    expect(JSON.parse(readFileSync(await take("ATIF 1.7"), "utf8"))).toMatchObject({
      schema_version: "ATIF-v1.7",
    });
  });

  it("is one trace, too", async () => {
    const file = await exported("3f5908df", await travelStore(), "trace.html");
    const page = await browser.open(file, OFFLINE);
    await page.getByRole("treegrid").getByRole("row").filter({ hasText: "find_trains" }).first().waitFor();
    // Its conversation is not in the file: nothing leads there.
    expect(await page.locator(".obj").getByRole("link").count()).toBe(0);
    await page.keyboard.press("v");
    await page.keyboard.press("[");
    await page.getByRole("treegrid").waitFor();
  });
});

const RUN = "globalThis.ran=true";
const HOSTILE = [
  `</script><script>${RUN}</script><!--<script>`,
  `"><img src=x onerror="${RUN}"><svg onload="${RUN}"></style></head><body><iframe srcdoc="<script>${RUN}</script>">`,
  `§0.0 §§ [press](javascript:${RUN}) ![seen](https://evil.example/pixel.png) <https://evil.example/>`,
].join("\n");
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

describe("what was said may be anything", () => {
  let url = "";
  beforeAll(async () => {
    const store = join(folder(), "hostile.jsonl");
    writeFileSync(
      store,
      hostileRecords()
        .map((one) => `${JSON.stringify(one)}\n`)
        .join(""),
    );
    url = await exported(HOSTILE, store, "hostile.html");
  });

  it("and nothing of it runs, loads or is lost", async () => {
    const page = await browser.open(url, OFFLINE);
    await page.locator(".body", { hasText: "onerror" }).first().waitFor();
    await untouched(page);
    await page
      .getByRole("link", { name: /^trace/ })
      .first()
      .click();
    await page.getByRole("treegrid").getByRole("row").filter({ hasText: "model" }).first().click();
    const inspector = page.getByRole("complementary");
    await inspector.getByRole("tab", { name: "Messages" }).click();
    const image = inspector.locator("figure img").first();
    await image.waitFor();
    await expect.poll(() => image.evaluate((one) => Reflect.get(one, "naturalWidth"))).toBe(1);
    await inspector.getByRole("tab", { name: "Attributes" }).click();
    await untouched(page);
  });

  it("and a large value is there as a whole", async () => {
    const page = await browser.open(url, OFFLINE);
    await page
      .getByRole("link", { name: /^trace/ })
      .first()
      .click();
    await page.getByRole("treegrid").getByRole("row").filter({ hasText: "tool" }).first().click();
    const inspector = page.getByRole("complementary");
    await inspector.getByRole("tab", { name: "Input/Output" }).click();
    await inspector
      .getByRole("button", { name: /of .* characters; show it/ })
      .first()
      .click();
    await inspector.getByText("the very end of it").first().waitFor();
    await untouched(page);
  });
});

async function untouched(page: Page): Promise<void> {
  expect(await page.evaluate(() => "ran" in globalThis)).toBe(false);
  expect(await page.locator("iframe, script[src], link[rel=stylesheet], img[src^=http]").count()).toBe(0);
}

function hostileRecords(): object[] {
  const record = (n: number, name: string, attributes: object) => ({
    ...{ span_name: name, span_kind: "INTERNAL", trace_id: "ab".repeat(16), span_id: `${n}`.repeat(16) },
    ...{ parent_span_id: n === 1 ? null : "1".repeat(16), span_status: "UNSET", duration_ms: 1000 },
    ...{ started_at: `2026-11-22T12:00:0${n}.000000Z`, ended_at: `2026-11-22T12:00:0${n + 1}.000000Z` },
    ...{ resource_attributes: {}, scope: { name: HOSTILE } },
    attributes: { "ai.conversation.id": HOSTILE, [HOSTILE]: HOSTILE, ...attributes },
  });
  const image = { image: { format: "png", source: { bytes: PNG } } };
  return [
    record(1, HOSTILE, {
      "ai.trace.type": "converse",
      "ai.user.input": HOSTILE,
      "ai.agent.response": HOSTILE,
    }),
    record(2, "model", {
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.model.id": "model",
      "ai.llm.request.messages": [{ role: "user", content: [{ text: HOSTILE }, image] }],
      "ai.llm.response.output": { message: { role: "assistant", content: [{ text: `${HOSTILE} said` }] } },
    }),
    record(3, "tool", {
      "ai.trace.type": "tool-invocation",
      "ai.tool.name": "tool",
      "ai.tool.output": `${HOSTILE}\n${"x ".repeat(20_000)}the very end of it`,
    }),
  ];
}
