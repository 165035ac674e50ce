// A trace as a test: the text of a file that has the same talk again, offline, and asserts what holds of the trace.
import { answeredIn, askedIn, type Turn } from "../../conventions/turns.ts";
import { TracelightError } from "../../model/errors.ts";
import { hasFailed } from "../../model/failure.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { oneLine } from "../../render/text.ts";
import { TraceView } from "../assertions/view.ts";
import { budgetOf, turnAssertions } from "./assertions.ts";
import { literal } from "./literal.ts";

/** How a test is written. */
export interface TestTextOptions {
  /** Which test runner it is for. */
  readonly runner: "vitest" | "node";
  /** The module of the agent, and which of its exports has the talk. */
  readonly agent: { readonly module: string; readonly name: string };
  /** The cassette, as the file of the test names it. */
  readonly cassette: string;
}

/**
 * The text of the test. The spans are those of the cassette: redacted alike.
 * @throws TracelightError `INVALID_ARGUMENT` where the spans are none that could be replayed
 */
export function testText(spans: readonly SpanFields[], options: TestTextOptions): string {
  const view = new TraceView(spans, {});
  const inputs = view.turns.map(inputOf);
  check(view);
  const { agent, cassette, runner } = options;
  return `${[
    'import assert from "node:assert/strict";',
    ...(runner === "node" ? ['import { test } from "node:test";'] : []),
    'import { InMemoryTracer } from "tracelight";',
    'import { replay, replayFetch, replayTools } from "tracelight/replay";',
    'import { expectTraces } from "tracelight/testing";',
    ...(runner === "vitest" ? ['import { test } from "vitest";'] : []),
    "// Your agent: an async function that has the talk with this tracer, this fetch and these tools.",
    `import { ${agent.name === "run" ? "run" : `${agent.name} as run`} } from ${literal(agent.module)};`,
    "",
    `test(${literal(oneLine(inputs[0] ?? "", MAX_TITLE))}, async () => {`,
    `  const tracer = new InMemoryTracer({ memorySize: ${Math.max(1000, spans.length * 4)} });`,
    `  const recording = await replay(new URL(${literal(cassette)}, import.meta.url));`,
    "  const given = {",
    "    tracer,",
    `    inputs: ${inputs.length === 1 ? literal(inputs) : `[\n${inputs.map((input) => `      ${literal(input)},\n`).join("")}    ]`},`,
    "    recording,",
    "    fetch: replayFetch(recording),",
    "    tools: replayTools(recording),",
    "  };",
    ...runLines(view),
    "  if (wrong !== undefined) throw wrong;",
    '  assert.equal(recording.left, 0, "A recorded model call was not asked for.");',
    "",
    "  const talk = expectTraces(tracer.getTraces());",
    `  talk.toUseAtMost(${literal(budgetOf(view))});`,
    ...view.turns.flatMap((turn, i) => [
      "  talk",
      `    .turn(${i + 1})`,
      ...chained(turnAssertions(view, turn)),
    ]),
    "});",
  ].join("\n")}\n`;
}

const MAX_TITLE = 80;

function chained(calls: readonly string[]): string[] {
  return calls.map((call, i) => `    ${call.replaceAll("\n", "\n    ")}${i === calls.length - 1 ? ";" : ""}`);
}

/** What was asked that was not recorded goes first: it is why all else failed. */
function runLines({ turns }: TraceView): string[] {
  if (turns.some(({ head }) => head !== undefined && hasFailed(head.span)))
    return [
      "  // A turn failed when it was recorded, and does again.",
      "  await run(given).catch(() => undefined);",
      "  const [wrong] = recording.misses;",
    ];
  return [
    "  const failed = await run(given).then(",
    "    () => undefined,",
    "    (error) => error,",
    "  );",
    "  const wrong = recording.misses[0] ?? failed;",
  ];
}

function inputOf(turn: Turn): string {
  const input = askedIn(turn);
  return typeof input === "string" ? input : JSON.stringify(input ?? "");
}

function check(view: TraceView): void {
  const calls = view.calls("model-call");
  if (calls.length === 0) throw unfit("it has no model calls: there is nothing that could be replayed");
  if (calls.every(({ reading }) => reading.inputMessages.length === 0 && reading.input === undefined))
    throw unfit("its model calls were recorded without their messages: record them with content");
  for (const [i, turn] of view.turns.entries()) {
    const spans = turn.head === undefined ? turn.spans : [turn.head];
    if (spans.some(({ span }) => span.endedAtMicros === undefined))
      throw unfit(`turn ${i + 1} has not ended`);
    if (spans.some(({ reading }) => reading.aborted))
      throw unfit(`turn ${i + 1} was called off, which a test would not do at the same moment`);
    if (answeredIn(turn) === undefined && !spans.some(({ span }) => hasFailed(span)))
      throw unfit(`turn ${i + 1} has no answer`);
  }
}

function unfit(why: string): TracelightError {
  return new TracelightError("INVALID_ARGUMENT", `No test can be made of it: ${why}.`);
}
