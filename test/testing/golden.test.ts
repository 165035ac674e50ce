// Golden traces: what they keep, what is noise, how a difference is told, and who may write them.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InMemoryTracer, type Span } from "tracelight";
import { expectTraces, type MatchTraceOptions } from "tracelight/testing";
import { afterAll, describe, expect, it } from "vitest";
import { travel } from "./travel.ts";

const folder = mkdtempSync(join(tmpdir(), "golden-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const testFile = join(folder, "agent.test.ts");
const golden = (name: string) => join(folder, "__traces__", `${name}.json`);

function match(spans: readonly Span[], name: string, options: MatchTraceOptions = {}): void {
  expectTraces(spans, { saveFailures: false }).toMatchTrace(name, { testFile, update: false, ...options });
}

function keep(spans: readonly Span[], name: string, options: MatchTraceOptions = {}): void {
  match(spans, name, { ...options, update: true });
}

function difference(spans: readonly Span[], name: string, options?: MatchTraceOptions): string[] {
  try {
    match(spans, name, options);
  } catch (error) {
    if (error instanceof Error) return error.message.split("\n");
  }
  throw new Error("They match");
}

/** A trace of one tool call. */
function tool(name: string, input: unknown, output?: unknown): readonly Span[] {
  const tracer = new InMemoryTracer();
  tracer.trace(name, (span) => {
    span.addAttributes({
      "ai.trace.type": "tool-invocation",
      "ai.tool.input": input,
      "ai.tool.output": output,
    });
  });
  return tracer.getTraces();
}

/** Agents, each below the one before. */
function nested(count: number): readonly Span[] {
  const tracer = new InMemoryTracer({ maxSpans: count });
  const agents: Span[] = [];
  for (let i = 0; i < count; i++) {
    const parentSpan = agents.at(-1);
    const attributes = { "ai.trace.type": "cycle", "ai.agent.name": `${i}` };
    agents.push(tracer.startSpan(`${i}`, { ...(parentSpan && { parentSpan }), attributes }));
  }
  for (const agent of agents.reverse()) agent.end();
  return tracer.getTraces();
}

describe("a golden trace", () => {
  it("is there when it is kept, and the same work matches it however often it is done", () => {
    expect(difference(travel(), "first")[1]).toBe(`There is no ${golden("first")} yet.`);
    keep(travel(), "first");
    for (let i = 0; i < 5; i++) match(travel(), "first");
    match(travel({ noise: 3 }), "first");
    expect(JSON.parse(readFileSync(golden("first"), "utf8"))).toMatchObject({
      version: 1,
      steps: [
        {
          step: "turn travel",
          depth: 0,
          fields: { input: "Is it sunny in Amsterdam?", output: "Yes, it is sunny." },
        },
        { step: "turn weather", depth: 1 },
        {
          step: "model-call claude-opus-4-5",
          depth: 2,
          fields: {
            system: "You know the weather.",
            tools: ["get_weather"],
            messages: ["user: Will it rain on day 0?"],
            "asks for": ['get_weather {"city":"Amsterdam"}'],
            "finish reason": "tool_use",
          },
        },
        {
          step: "tool-call get_weather",
          depth: 2,
          fields: { input: { city: "Amsterdam" }, output: "Sunny" },
        },
        { depth: 1 },
        { depth: 2, fields: { messages: ["user: Will it rain on day 1?"] } },
        { depth: 2 },
        { depth: 1 },
        { depth: 2 },
        { depth: 2 },
        { step: "tool-call get_events", fields: { error: "No events today" } },
      ],
    });
  });

  it("holds what is new in a history that grows", () => {
    const tracer = new InMemoryTracer();
    const messages: unknown[] = [];
    tracer.trace("converse", (turn) => {
      turn.addAttributes({ "ai.trace.type": "converse", "ai.agent.name": "a" });
      for (const words of ["one", "two", "three"]) {
        messages.push({ role: "user", content: [{ text: words }] });
        tracer.trace("chat", (call) => {
          call.addAttributes({ "ai.trace.type": "llm-invocation", "ai.llm.request.messages": messages });
        });
      }
    });
    keep(tracer.getTraces(), "history");
    const kept = JSON.parse(readFileSync(golden("history"), "utf8"));
    expect(kept.steps.map((step: { fields: { messages?: string[] } }) => step.fields.messages)).toEqual([
      undefined,
      ["user: one"],
      ["user: two"],
      ["user: three"],
    ]);
  });

  it("does not mind ids, times and the order of what ran at once", async () => {
    const run = async (order: readonly string[], id: string, at: string): Promise<readonly Span[]> => {
      const tracer = new InMemoryTracer();
      await tracer.trace("converse", async () => {
        await Promise.all(
          order.map((city) =>
            tracer.trace("get_weather", async (span) => {
              span.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.input": { city, id, at } });
              await new Promise((done) => setTimeout(done, 5));
              span.addAttribute("ai.tool.output", `It is ${at}, see ${id}`);
            }),
          ),
        );
      });
      return tracer.getTraces();
    };
    keep(await run(["Amsterdam", "Utrecht"], "call_8fj3k2d9", "2026-11-30T10:00:00Z"), "noise");
    match(await run(["Utrecht", "Amsterdam"], "call_77aa77bb", "2027-01-01T00:00:00.123+01:00"), "noise");
    const steps = readFileSync(golden("noise"), "utf8");
    expect(steps).toContain('"It is <time>, see <id 1>"');
  });

  it("may be deeper than a stack", () => {
    keep(nested(4000), "deep");
    const told = difference(nested(4001), "deep").join("\n");
    expect(told).toContain("Step 4001, cycle 4000, was done");
  });

  it("minds an id that is another's", () => {
    const ids = (a: string, b: string) => tool("join", { a: `call_${a}1111111`, b: `call_${b}1111111` });
    keep(ids("x", "x"), "ids");
    match(ids("y", "y"), "ids");
    expect(difference(ids("x", "y"), "ids")[1]).toBe("Step 1, tool-call join, differs in input.");
  });

  it("leaves out what is said to be noise: by key, by path, by pattern, by function", () => {
    const spans = (page: number, price: number) =>
      tool("search", { page, query: { page, text: "boat" } }, { items: [{ price }], sum: `EUR ${price}` });
    const rules: MatchTraceOptions = {
      ignore: ["input.page", /^output\.items\.price$/, "query"],
      normalize: (text) => text.replace(/EUR \d+/g, "EUR <price>"),
    };
    keep(spans(1, 10), "rules", rules);
    match(spans(2, 20), "rules", rules);
    expect(difference(spans(2, 20), "rules")).toContain("~ tool-call search");
  });

  it("tells a difference by steps and words, in at most 40 lines", () => {
    keep(travel(), "told");
    const lines = difference(travel({ words: "No, it is raining.", days: [0, 2], fails: false }), "told");
    expect(lines).toEqual([
      'Expected the trace to match "told".',
      "Step 1, turn travel, differs in output.",
      "~ turn travel",
      "    output: [-Yes-]{+No+}, it is [-sunny-]{+raining+}.",
      "=   turn weather",
      "  = 1 the same",
      "=     tool-call get_weather",
      "-   turn weather",
      "-     model-call claude-opus-4-5",
      "-     tool-call get_weather",
      "=   turn weather",
      "  = 1 the same",
      "=     tool-call get_weather",
      "-   tool-call get_events",
      expect.stringContaining("Write it anew: "),
    ]);
    const days = Array.from({ length: 300 }, (_, day) => day);
    keep(travel({ days }), "large");
    expect(difference(travel({ days: days.map((day) => day + 1000) }), "large").length).toBeLessThanOrEqual(
      40,
    );
  });

  it("that was damaged is told, not written over", () => {
    keep(travel(), "damaged");
    writeFileSync(golden("damaged"), "<<<<<<< ours");
    expect(() => match(travel(), "damaged")).toThrow(/damaged\.json is no golden trace/);
  });

  it("does not leave its folder, whatever its name", () => {
    keep(travel(), "../../etc/pass wd");
    expect(existsSync(golden("..-..-etc-pass-wd"))).toBe(true);
  });

  it("needs to know where the test is", () => {
    const plain = `import { expectTraces } from "tracelight/testing"; expectTraces([]).toMatchTrace("x");`;
    const { status, stderr } = node(["--input-type=module", "-e", plain]);
    expect(status).not.toBe(0);
    expect(stderr).toContain("give { testFile: import.meta.url }");
  });
});

function node(args: readonly string[]): { readonly status: number; readonly stderr: string } {
  try {
    execFileSync(process.execPath, args, { encoding: "utf8", stdio: "pipe" });
    return { status: 0, stderr: "" };
  } catch (error) {
    const stderr: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "stderr") : "";
    return { status: 1, stderr: String(stderr) };
  }
}
