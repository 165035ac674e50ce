// Conversations as Markdown: all that was said is there, and nothing of it is more than text.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { lexer, type Token, walkTokens } from "marked";
import { readable, selectSpans } from "tracelight";
import { beforeAll, describe, expect, test } from "vitest";
import { markdownLines } from "../../src/exchange/markdown.ts";
import { codeBlock, inlineCode } from "../../src/exchange/markdown-text.ts";
import { Subject } from "../../src/exchange/subject.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { spanFrom } from "../../src/tracing/span.ts";
import { folder, tracelight, useFolder } from "../cli/command.ts";
import { recordLines, SPANS } from "../cli/spans.ts";
import { spanFields } from "../model/arbitraries.ts";

useFolder();

const START = Date.UTC(2026, 10, 22, 12) * 1000;

/** A turn with a call, a tool that has a sub-agent, an agent and a span that failed: all texts are given. */
function turnSaying(text: string): SpanFields[] {
  const at = (n: number, parent: number | undefined, attributes: object, fields: object = {}): SpanFields =>
    spanFields({
      ...{ traceId: "a".repeat(32), spanId: `${n}`.padStart(16, "0"), spanName: text },
      parentSpanId: parent === undefined ? undefined : `${parent}`.padStart(16, "0"),
      ...{ startedAtMicros: START + n, endedAtMicros: START + n + 10, state: "ended" },
      attributes: { "ai.conversation.id": text, "ai.agent.name": text, ...attributes },
      ...fields,
    });
  const failed = { spanStatus: "ERROR", statusMessage: text };
  return [
    at(1, undefined, {
      "ai.trace.type": "converse",
      "ai.user.input": text,
      "ai.agent.response": text,
      "ai.auth.context": text,
    }),
    at(2, 1, {
      "ai.trace.type": "llm-invocation",
      "ai.llm.request.model.id": text,
      "ai.llm.response.output": {
        message: {
          role: "assistant",
          content: [{ reasoningContent: { reasoningText: { text } } }, { text: `${text}.` }],
        },
      },
    }),
    at(
      3,
      1,
      {
        "ai.trace.type": "tool-invocation",
        "ai.tool.name": text,
        "ai.tool.input": { [text]: text },
        "ai.tool.output": [text],
      },
      failed,
    ),
    at(4, 3, { "ai.trace.type": "converse", "ai.user.input": text, "ai.agent.response": text }),
    at(5, 4, {
      "ai.trace.type": "tool-invocation",
      "ai.tool.name": text,
      "ai.tool.input": text,
      "ai.tool.output": `${text}!`,
    }),
    at(6, 1, {}, failed),
  ];
}

async function markdownOf(spans: readonly SpanFields[], maxLength?: number): Promise<string> {
  const all = spans.map((span) => spanFrom(span));
  const store = readable({ name: "spans", find: (query) => selectSpans(all, query) });
  const subject = await Subject.of({ by: "trace", id: spans[0]?.traceId }, store);
  if (subject === undefined) throw new Error("There is no such trace.");
  const lines: string[] = [];
  for await (const line of markdownLines(subject, maxLength === undefined ? {} : { maxLength }))
    lines.push(line);
  return lines.join("\n");
}

/** What a reader of Markdown makes of it, without the words. */
function shapeOf(markdown: string): string[] {
  const shape: string[] = [];
  walkTokens(lexer(markdown), (token: Token) => {
    if (token.type === "space" || token.type === "text") return;
    shape.push(
      `${token.type} ${token.type === "code" ? token["lang"] : ""}${token.type === "heading" ? token["depth"] : ""}`,
    );
  });
  return shape;
}

/** Pieces that mean something in Markdown, HTML or a terminal. */
const piece = fc.constantFrom(
  ...[
    "`",
    "```",
    "````\n",
    "~~~",
    "~~~~\n",
    "\n\n",
    "\r\n",
    "\n    ",
    "\t",
    "> ",
    "# ",
    "---\n",
    "- ",
    "1. ",
    "|a|b|\n|-|-|\n",
  ],
  ...[
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--",
    "-->",
    "</details>",
    "<a href='javascript:0'>",
  ],
  ...[
    "![x](http://evil.test/x.png)",
    "[x](javascript:alert(1))",
    "[x]: http://evil.test\n",
    "http://evil.test",
    "www.evil.test",
  ],
  ...[
    "@everyone",
    "#1",
    "a@evil.test",
    "&lt;",
    "&#96;",
    "\\",
    "\\`",
    "*",
    "_",
    "**",
    "$x$",
    "\u001b[2J",
    "\u202e",
    "\u2028",
    "\r",
    "\u0085",
    "\u000b",
    "\u000c",
    "\ufeff",
    "\u00a0",
    "[^1]: x\n",
    "<![CDATA[",
    "<?x",
    "GH-1",
    "===\n",
    "\ud800",
    "日本",
    " ",
  ],
);
const hostile = fc.array(fc.oneof(piece, fc.string({ unit: "grapheme", maxLength: 5 })), {
  minLength: 1,
  maxLength: 12,
});

describe("what is said", () => {
  test("is inert and changes nothing of the document, whatever it is", async () => {
    const benign = shapeOf(await markdownOf(turnSaying("x")));
    expect(benign.some((token) => /^(?:html|link|image|table|list|hr|del)/.test(token))).toBe(false);
    expect(new Set(benign)).toEqual(
      new Set([
        "heading 1",
        "heading 2",
        "paragraph ",
        "strong ",
        "codespan ",
        "code text",
        "code json",
        "blockquote ",
      ]),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (pieces) => {
        const text = pieces.join("");
        const markdown = await markdownOf(turnSaying(`x${text}`));
        expect(shapeOf(markdown)).toEqual(benign);
        expect(markdown).not.toMatch(/[^\P{C}\n\u200d]/u);
      }),
    );
  });

  test("is inert where it is cut anywhere, and begins with anything", async () => {
    const known = new Set(shapeOf(await markdownOf(turnSaying("x".repeat(100)), 30)));
    await fc.assert(
      fc.asyncProperty(hostile, fc.integer({ min: 1, max: 40 }), async (pieces, maxLength) => {
        const markdown = await markdownOf(turnSaying(pieces.join("")), maxLength);
        for (const token of shapeOf(markdown)) expect(known).toContain(token);
        expect(markdown).not.toMatch(/[^\P{C}\n\u200d]/u);
      }),
    );
  });

  test("is whole, line by line", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom("`", "~", "a", " ", "<", "[") }), { minLength: 1 }),
        (lines) => {
          const text = `a${lines.join("\n")}a`;
          const { lines: block } = codeBlock(text, { maxLength: Number.POSITIVE_INFINITY });
          const [code] = lexer(block.join("\n"));
          expect(code).toMatchObject({ type: "code", lang: "text", text });
        },
      ),
    );
  });

  test("is whole within a line", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("`", "a", "<", "*", "\\", "]") }), (text) => {
        const [paragraph] = lexer(inlineCode(`a${text}a`));
        const tokens = paragraph !== undefined && "tokens" in paragraph ? paragraph.tokens : [];
        expect(tokens).toMatchObject([{ type: "codespan", text: `a${text}a` }]);
      }),
    );
  });

  test("is cut where it is long, which is said", async () => {
    const cut = await markdownOf(turnSaying("x".repeat(5000)));
    expect(cut).toContain("*The first 4,000 of 5,000 characters.*");
    expect(cut).toContain("*The first 4,000 characters of a longer value.*");
    expect(cut).toMatch(/\*\d+ values cut; `--full` writes them whole\.\*$/);
    const whole = await markdownOf(turnSaying("x".repeat(5000)), Number.POSITIVE_INFINITY);
    expect(whole).not.toContain("cut");
    expect(whole).toContain("x".repeat(5000));
    const half = codeBlock("aaa😀", { maxLength: 4 });
    expect(half.lines[1]).toBe("aaa");
  });

  test("of people and models is broken at spaces", () => {
    const text = "words and ".repeat(30).trim();
    const { lines } = codeBlock(text, { maxLength: 4000, isProse: true });
    expect(lines.every((line) => line.length <= 100)).toBe(true);
    expect(lines.slice(1, -1).join(" ")).toBe(text);
  });
});

describe("tracelight export --markdown", () => {
  beforeAll(() => writeFileSync(join(folder, "all.jsonl"), recordLines(SPANS)));

  test("writes a conversation with its tools, errors, tokens and cost", async () => {
    writeFileSync(join(folder, "prices.json"), '{"claude-sonnet":{"input":3,"output":15}}');
    const { code, stdout, stderr } = await tracelight([
      ...["export", "--markdown", "weather", "--prices", "prices.json", "all.jsonl"],
    ]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toBe(WEATHER);
  });

  test("writes a trace to a file, whole, and replaces none", async () => {
    const args = ["export", "--markdown", "a1", "--out", "trace.md", "all.jsonl"];
    expect(await tracelight(args)).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "trace a1000000000000000000000000000000, 3 spans, written to trace.md\n",
    });
    expect((await tracelight(args)).code).toBe(2);
    expect((await tracelight([...args, "--force"])).code).toBe(0);
  });

  test("shows only what was done for one person", async () => {
    const args = ["export", "--markdown", "weather-1", "all.jsonl", "--principal"];
    const own = await tracelight([...args, "alice"]);
    expect(own.code).toBe(0);
    // The spans of the tools say no principal.
    expect(own.stdout).toContain("2 spans");
    expect(own.stdout).not.toContain("get_weather");
    expect(await tracelight([...args, "bob"])).toMatchObject({ code: 1, stdout: "" });
    const records = await tracelight(["export", "all.jsonl", "--principal", "bob"]);
    expect(records).toMatchObject({ code: 1, stdout: "" });
  });

  test("tells what there is not, and what does not go together", async () => {
    expect(await tracelight(["export", "--markdown", "weather-9", "all.jsonl"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("The nearest is the conversation weather-1"),
    });
    for (const other of [["--otlp"], ["--since", "2h"], ["--log-lines"], ["--trace", "a1"]]) {
      const outcome = await tracelight(["export", "--markdown", "weather-1", ...other, "all.jsonl"]);
      expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot be used with") });
    }
  });
});

const WEATHER = `# Conversation \`weather-1\`

\`WeatherAgent\` · \`alice\` · 2025-03-01 10:00:00Z · 6.00 s · 5 spans · 1 error · 300→40 tokens · $0.0015

## 1 · 2025-03-01 10:00:00Z · 4.00 s · 300→40 · $0.0015 · trace \`a1000000000000000000000000000000\`

**User**

\`\`\`text
What is the weather in Amsterdam?
\`\`\`

**Assistant** · \`claude-sonnet\` · 1.50 s · 300→40 · $0.0015

\`\`\`text
Let me look.
\`\`\`

**Tool** \`get_weather\` · 250 ms

In:

\`\`\`json
{
  "city": "Amsterdam"
}
\`\`\`

Out:

\`\`\`json
{
  "temperature": 20
}
\`\`\`

**Assistant**

\`\`\`text
It is 20 degrees and sunny.
\`\`\`

## 2 · 2025-03-01 10:01:00Z · 2.00 s · trace \`b2000000000000000000000000000000\`

**User**

\`\`\`text
Then book a hotel.
\`\`\`

**Tool** \`book_hotel\` · 500 ms

**Failed:**

\`\`\`text
No rooms are left
\`\`\`

**Assistant**

\`\`\`text
There is no room.
\`\`\`
`;
