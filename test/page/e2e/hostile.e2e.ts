// What people, models and tools say may be anything, in every field: nothing of it runs, nothing breaks the page.
import type { Page } from "playwright-core";
import { InMemoryTracer } from "tracelight";
import { serveViewer } from "tracelight/viewer";
import { beforeAll, describe, it } from "vitest";
import { Browsing } from "./browser.ts";
import { atEnd } from "./served.ts";
import { isWhole, watched } from "./whole.ts";

const browser = new Browsing();

const RUN = "globalThis.ran=(globalThis.ran??0)+1";
const MARKUP = [
  `"><img src=x onerror="${RUN}"><script>${RUN}</script><svg onload="${RUN}"><a href="javascript:${RUN}">b</a>`,
  `</title></textarea></style><iframe srcdoc="<script>${RUN}</script>"></iframe><base href="https://evil.example/">`,
  `<style>body{display:none}</style><link rel=stylesheet href=https://evil.example/x.css><meta http-equiv=refresh content=0>`,
].join("\n");
const MARKDOWN = [
  `[press](javascript:${RUN}) [press](<JaVaScRiPt:${RUN}>) [press](data:text/html,<script>${RUN}</script>)`,
  `![seen](https://evil.example/pixel.png) ![seen](javascript:${RUN}) <javascript:${RUN}> <https://evil.example/>`,
  `[press][there] and [vb](vbscript:x)\n\n[there]: javascript:${RUN}`,
  `<details open ontoggle="${RUN}">x</details>\n\n| ${MARKUP.slice(0, 40)} | b |\n| --- | --- |\n| [x](javascript:${RUN}) | 2 |`,
  "```html\n<script>1</script>\n```\n\n> > > > > quote\n\n- [ ] task\n\n$$ \\href{javascript:1}{x} $$",
].join("\n\n");
const ESCAPES =
  "\u001b[31mred\u001b[0m\u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007\u009b2J\u0000\u0007\b\r";
const ORDERS =
  "\u202egnp.exe\u202c \u2066\u2067\u2068 isolates never closed \u202d a\u200b\u200c\u200d\ufeffb\u00ad \ud800 lone";
const LONG = "W".repeat(1_000_000);

/** Each in every field of a conversation, by its id. */
const TALKS: readonly (readonly [id: string, text: string])[] = [
  ["markup", MARKUP],
  ["markdown", MARKDOWN],
  ["escapes", `${ESCAPES} ${ORDERS}`],
  ["long", LONG],
];

let url = "";
beforeAll(async () => {
  const tracer = new InMemoryTracer();
  const server = await serveViewer(tracer, { port: 0 });
  atEnd(() => server.close());
  url = server.url;
  for (const [id, text] of TALKS) talk(tracer, id, text);
  talk(tracer, MARKUP, MARKUP);
  many(tracer);
});

describe.each([
  { name: "wide", viewport: { width: 1440, height: 900 } },
  { name: "narrow", viewport: { width: 390, height: 844 } },
])("in a window that is $name", ({ viewport }) => {
  it("the list, the numbers and the search stay whole", async () => {
    const page = await watched(browser, viewport);
    for (const path of [
      "",
      "?by=trace",
      "numbers",
      "numbers?by=tool",
      "numbers?by=agent",
      "numbers?by=user",
    ]) {
      await page.goto(url + path);
      await page.locator(".list .item, .nt tbody tr").nth(3).waitFor();
      await isWhole(page, path);
    }
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search words" }).fill("evil");
    await page.getByRole("option").first().waitFor();
    await isWhole(page, "search");
  });

  it.each([...TALKS.map(([id]) => ({ what: id, id })), { what: "an id of markup", id: MARKUP }])(
    "a conversation of $what",
    async ({ id }) => {
      const page = await watched(browser, viewport);
      await page.goto(`${url}c/${encodeURIComponent(id)}`);
      await page.locator(".call").first().waitFor();
      await page.keyboard.press("o");
      await page.locator(".callbody").first().waitFor();
      await page.locator("a.margin").first().click();
      await openTabs(page, "conversation");
      await page.locator(".tid").first().dispatchEvent("click");
      await eachRow(page);
    },
  );

  it("a span of ten thousand attributes, and of values within values", async () => {
    const page = await watched(browser, viewport);
    await page.goto(`${url}c/many`);
    await page.locator(".tid").first().dispatchEvent("click");
    await eachRow(page);
  });
});

/** Every row of a timeline, with every tab of its span. */
async function eachRow(page: Page): Promise<void> {
  const rows = page.getByRole("treegrid").getByRole("row");
  await rows.first().waitFor();
  await isWhole(page, "timeline");
  const n = await rows.count();
  for (let i = 0; i < n; i++) {
    await page.keyboard.press(i === 0 ? "Home" : "j");
    await page.locator(`[role=treegrid] [role=row][aria-rowindex="${i + 1}"][aria-selected=true]`).waitFor();
    await openTabs(page, `row ${i + 1}`);
  }
}

async function openTabs(page: Page, where: string): Promise<void> {
  const peek = page.locator(".peek[aria-expanded=false]");
  await page.getByRole("complementary").waitFor();
  if (await peek.isVisible()) await peek.click();
  const tabs = page.getByRole("tab");
  await tabs.first().waitFor();
  for (const name of await tabs.allTextContents()) {
    await page.getByRole("tab", { name, exact: true }).click();
    // What is in it may be loaded first.
    await page
      .getByRole("tabpanel", { name, exact: true })
      .locator("section, [role=status], [role=alert], p")
      .first()
      .waitFor();
    await isWhole(page, `${where}, ${name}`);
  }
}

/** The text in every field that a page shows. */
function talk(tracer: InMemoryTracer, id: string, text: string): void {
  tracer.trace(text, (turn) => {
    turn.addAttributes(
      {
        "ai.conversation.id": id,
        "ai.auth.context": text,
        "ai.agent.name": text,
        [text.slice(0, 5000)]: text,
      },
      { inheritable: true },
    );
    turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": text, "ai.agent.response": text });
    turn.addEvent(text, { [text.slice(0, 5000)]: text });
    tracer.trace(text, (call) => {
      call.addAttributes({
        "ai.trace.type": "llm-invocation",
        "ai.llm.request.model.id": text,
        "ai.llm.request.system": text,
        "ai.llm.request.tool.config": { tools: [{ toolSpec: { name: text, description: text } }] },
        "ai.llm.request.messages": [{ role: text, content: [{ text }, ...images(text)] }],
        "ai.llm.response.output": {
          message: {
            role: "assistant",
            content: [
              { reasoningContent: { reasoningText: { text } } },
              { text },
              { toolUse: { toolUseId: text, name: text, input: { [text.slice(0, 5000)]: text } } },
            ],
          },
        },
        "ai.llm.response.stop.reason": text,
        "ai.llm.response.usage": { inputTokens: 312, outputTokens: 48 },
      });
    });
    tracer.trace(text, (tool) => {
      tool.addAttributes({
        "ai.trace.type": "tool-invocation",
        "ai.tool.name": text,
        "ai.tool.input": { [text.slice(0, 5000)]: text },
        "ai.tool.output": text,
        "ai.tool.error": text,
      });
      tool.setStatus("ERROR", text);
    });
  });
}

/** A picture that would run, and one from elsewhere. */
function images(text: string): unknown[] {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="${RUN}"><script>${RUN}</script></svg>`;
  return [
    { image: { format: "svg+xml", source: { bytes: Buffer.from(svg) } } },
    { type: "image_url", image_url: { url: "https://evil.example/pixel.png" } },
    { type: "image_url", image_url: { url: `javascript:${text.slice(0, 50)}` } },
  ];
}

function many(tracer: InMemoryTracer): void {
  tracer.trace("many", (turn) => {
    turn.addAttributes({ "ai.conversation.id": "many", "ai.trace.type": "converse", "ai.user.input": "all" });
    for (let i = 0; i < 10_000; i++) turn.addAttribute(`name.${i}`, `${i} ${MARKUP.slice(0, 60)}`);
    tracer.trace("deep", (tool) => {
      tool.addAttributes({
        "ai.trace.type": "tool-invocation",
        "ai.tool.input": deep(190),
        "ai.tool.output": deep(190),
      });
    });
  });
}

function deep(levels: number): unknown {
  let value: unknown = MARKUP;
  for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { [`<b>${i}`]: value };
  return value;
}
