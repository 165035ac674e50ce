// The context lens in an exported file: what the page asks for is there as the server answers it, unless prompts are too large to be held.

import type { InMemoryTracer } from "tracelight";
import { describe, expect, test } from "vitest";
import { readable } from "../../src/tracing/readable.ts";
import { comparedInFile } from "../../src/viewer/api.ts";
import { lensAnswers } from "../../src/viewer/html-lens.ts";
import { json, memory, served } from "./support.ts";

const CALLS = 8;

/** A conversation whose calls grow, each with a tool that it asked for; before the last the history was changed. */
function grow(tracer: InMemoryTracer, id: string): void {
  const messages: object[] = [];
  tracer.trace("converse", (turn) => {
    turn.addAttributes({ "ai.conversation.id": id, "ai.agent.name": "supervisor" }, { inheritable: true });
    turn.addAttribute("ai.trace.type", "converse");
    for (let i = 0; i < CALLS; i++) {
      if (i === CALLS - 1) messages[0] = { role: "user", content: [{ text: "changed" }] };
      else
        messages.push({ role: "user", content: [{ text: `${i} ${"word ".repeat(i === 0 ? 2000 : 40)}` }] });
      const use = { toolUse: { toolUseId: `use-${i}`, name: "look", input: { i } } };
      tracer.trace("llm", (span) =>
        span.addAttributes({
          "ai.trace.type": "llm-invocation",
          "ai.llm.request.model.id": "claude-sonnet-4-5",
          "ai.llm.request.messages": messages,
          "ai.llm.response.output": { message: { role: "assistant", content: [{ text: "So." }, use] } },
          "ai.llm.response.usage": { inputTokens: 1000 * (i + 1), outputTokens: 5 },
        }),
      );
      tracer.trace("look", (span) =>
        span.addAttributes({
          ...{ "ai.trace.type": "tool-invocation", "ai.tool.name": "look" },
          ...{ "ai.tool.use.id": `use-${i}`, "ai.tool.input": { i } },
        }),
      );
    }
  });
}

async function answersOf(tracer: InMemoryTracer, id: string, mostBytes?: number) {
  const of = { of: { conversation: id }, path: "lens" };
  const answers = new Map<string, object>();
  for await (const [path, answer] of lensAnswers(readable(tracer), of, { mostBytes }))
    answers.set(path, answer);
  return answers;
}

describe("the lens of a file", () => {
  test("answers as the server does, each call opened, each tool told of", async () => {
    const tracer = memory();
    grow(tracer, "grown");
    const { url } = await served(tracer);
    const answers = await answersOf(tracer, "grown");
    const lens = await json(`${url}api/conversations/grown/context`);
    expect(answers.get("lens")).toEqual(lens);
    expect(lens.calls).toHaveLength(CALLS);
    for (const call of lens.calls) {
      if (call.before === null) continue;
      const [a, b] = [call.before, call].map((one) => `${one.trace_id}/${one.span_id}`);
      const compared = await json(`${url}api/compare?a=${a}&b=${b}`);
      expect(answers.get(comparedInFile(call.before, call))).toEqual(compared);
      expect(compared.rows.map(({ state }: { state: string }) => state)).toContain("same");
    }
    for (const { span_id: call } of lens.calls) {
      const { opened } = await json(`${url}api/conversations/grown/context?call=${call}`);
      const kept = answers.get(`lens/${call}`);
      expect(kept).toMatchObject({ span_id: call, difference: opened.difference });
      const isNew = ({ part }: { readonly part: string }) => part === "new";
      const { segments } = JSON.parse(JSON.stringify(kept));
      expect(segments.filter(isNew)).toEqual(opened.segments.filter(isNew));
      const sum = (of: readonly { readonly tokens: number }[]) =>
        of.reduce((all, { tokens }) => all + tokens, 0);
      expect(sum(segments)).toBe(sum(opened.segments));
    }
    const whys = [...answers].filter(([path]) => path.endsWith("/why"));
    expect(whys).toHaveLength(CALLS);
    for (const [path, answer] of whys) expect(answer).toEqual(await json(url + path));
  });

  test("is left out where the prompts are larger than may be held, and says so", async () => {
    const tracer = memory();
    grow(tracer, "grown");
    const answers = await answersOf(tracer, "grown", 1000);
    expect(answers.get("lens")).toMatchObject({ calls: [], notes: [expect.stringContaining("too large")] });
    expect([...answers.keys()].some((path) => path.endsWith("/why"))).toBe(false);
  });
});
