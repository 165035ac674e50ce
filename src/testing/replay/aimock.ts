// `aimockFixtures`: recorded model calls as fixtures of `@copilotkit/aimock`, a server that answers as many vendors do.
import type { Fields } from "../../agents/dialects/dialect.ts";
import { type Message, textOfParts, type Usage } from "../../conventions/messages.ts";
import { readSpan } from "../../conventions/reading.ts";
import { defined } from "../../model/defined.ts";
import { checkOptions } from "../../model/options.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { canonicalJson } from "../../model/values.ts";
import { type CassetteOptions, isRedact, redactedCalls } from "./cassette.ts";
import { failureIn } from "./outcome.ts";
import { textsIn, vectorsOf } from "./wires/embeddings.ts";
import { jsonOf, saidIn, textOf, toolsOf } from "./wires/wire.ts";

/** What a file of fixtures holds. */
export interface AimockFixtures {
  /** One for each recorded call, in order. */
  readonly fixtures: readonly AimockFixture[];
}

/** A fixture: which request it is for, and what is answered. */
export interface AimockFixture {
  /** What tells the request from others: the user's last words, the place in the conversation, the model. */
  readonly match: Readonly<Record<string, unknown>>;
  /** Text, calls of tools and counts, or a failure. */
  readonly response: Readonly<Record<string, unknown>>;
}

/**
 * The model calls among spans as a fixture file of `@copilotkit/aimock` 1, redacted as a cassette is: `JSON.stringify` it into its folder of fixtures. It
 * answers the same for all vendors; what only one of them says is left out.
 *
 * @throws TracelightError `INVALID_OPTION`
 * @example
 * ```ts
 * const attributes = {
 *   "ai.trace.type": "llm-invocation",
 *   "ai.llm.request.messages": [{ role: "user", content: "Weather?" }],
 *   "ai.llm.response.output": { message: { role: "assistant", content: "Sunny." } },
 * };
 * const tracer = new InMemoryTracer();
 * tracer.startSpan("model", { attributes }).end();
 * console.log(aimockFixtures(tracer.getTraces()).fixtures[0]?.response["content"]); // Sunny.
 * ```
 */
export function aimockFixtures(spans: readonly SpanFields[], options: CassetteOptions = {}): AimockFixtures {
  checkOptions(options, { owner: "aimockFixtures", checks: { redact: isRedact } });
  const seen = new Map<string, number>();
  const all = redactedCalls(spans, options).models.flatMap(fixturesOf);
  const keys = all.map(({ match }) => canonicalJson(match));
  const times = new Map<string, number>();
  for (const key of keys) times.set(key, (times.get(key) ?? 0) + 1);
  const fixtures = all.map((fixture, i) => {
    const key = keys[i] ?? "";
    if (times.get(key) === 1) return fixture;
    const sequenceIndex = seen.get(key) ?? 0;
    seen.set(key, sequenceIndex + 1);
    return { ...fixture, match: { ...fixture.match, sequenceIndex } };
  });
  return { fixtures };
}

function fixturesOf(span: SpanFields): AimockFixture[] {
  const { kind, model, input, inputMessages } = readSpan(span);
  if (kind === "embedding") {
    const [embedding] = vectorsOf(saidIn(span), { input });
    const [inputText = ""] = textsIn(input);
    return [{ match: defined({ inputText, model, endpoint: "embedding" }), response: { embedding } }];
  }
  const last = inputMessages.findLastIndex(({ role }) => role === "user");
  const match = defined({
    userMessage: wordsOf(inputMessages[last]),
    model,
    turnIndex: inputMessages.filter(({ role }) => role === "assistant").length,
    hasToolResult: inputMessages.slice(last + 1).some(({ role }) => role === "tool"),
    endpoint: "chat",
  });
  return [{ match, response: responseOf(span) }];
}

function wordsOf(message: Message | undefined): string | undefined {
  const words = message && textOfParts(message.parts);
  return words === "" ? undefined : words;
}

function responseOf(span: SpanFields): Fields {
  const failure = failureIn(span);
  if (failure !== undefined) {
    const { message, type, code, status = 500 } = failure;
    return { error: defined({ message, type, code: code === undefined ? undefined : String(code) }), status };
  }
  const said = saidIn(span);
  const [content, reasoning] = [textOf(said, "text"), textOf(said, "reasoning")];
  const toolCalls = toolsOf(said).map(({ id, name, input }) => ({ id, name, arguments: jsonOf(input) }));
  const { usage } = said.reading;
  return {
    ...(toolCalls.length === 0 ? { content: content ?? "" } : { toolCalls, ...defined({ content }) }),
    ...defined({ reasoning, usage: usage && usageIn(usage) }),
  };
}

/** In the words of the vendors that it speaks for. */
function usageIn({ input = 0, output = 0 }: Usage): Fields {
  return {
    ...{ prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    ...{ input_tokens: input, output_tokens: output },
    ...{ promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output },
  };
}
