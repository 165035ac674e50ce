// What the SDK says of its spans, by their type, as attributes of ours.
import { structured } from "../../conventions/json-text.ts";
import { NAMES } from "../../conventions/names.ts";
import { fieldIn, isAnObject, wordsIn } from "../../conventions/values.ts";
import { defined } from "../../model/defined.ts";
import type { Span } from "../../tracing/span.ts";
import type { PutContent } from "../capture.ts";
import { calledModel } from "../model-span.ts";

/** What is known of a span when it begins. */
export interface Begun {
  readonly name: string;
  readonly traceType: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** Of the agent, for all that it does. */
  readonly agent?: string | undefined;
}

/** `isOwn` says that it is a part of the turn itself, and not of what a tool does. */
export function begunOf(data: unknown, isOwn: boolean): Begun {
  const type = wordsIn(fieldIn(data, "type")) ?? "";
  const name = wordsIn(fieldIn(data, "name"));
  const chain = (known: string): Begun => ({ name: known, traceType: "chain" });
  switch (type) {
    case "agent":
      // What a turn's own agent does is the turn's thread; a tool's is one of its own.
      return { name: name ?? "agent", traceType: isOwn ? "chain" : "agent", agent: name };
    case "turn":
      return {
        name: "cycle",
        traceType: "cycle",
        attributes: { [NAMES.cycleNr]: fieldIn(data, "turn") },
      };
    case "generation":
    case "response":
      return { name: nameOf("chat", data), traceType: "llm-invocation" };
    case "transcription":
      return { name: nameOf("transcribe", data), traceType: "llm-invocation" };
    case "speech":
      return { name: nameOf("speak", data), traceType: "llm-invocation" };
    case "function":
      return { name: name ?? "tool", traceType: "tool-invocation", attributes: { [NAMES.toolName]: name } };
    case "handoff":
      return { name: "handoff", traceType: "tool-invocation", attributes: { [NAMES.toolName]: "handoff" } };
    case "mcp_tools":
      return chain("list tools");
    default:
      return chain(name ?? type);
  }
}

function nameOf(operation: string, data: unknown): string {
  const model = wordsIn(fieldIn(data, "model"));
  return model === undefined ? operation : `${operation} ${model}`;
}

/** What spans that are no calls of models say when they are over. */
export function putRest(span: Span, data: unknown, put: PutContent): void {
  switch (fieldIn(data, "type")) {
    case "function":
      put(span, NAMES.toolInput, structured(filledText(fieldIn(data, "input"))));
      return put(span, NAMES.toolOutput, structured(filledText(fieldIn(data, "output"))));
    case "handoff":
      span.addAttributes({
        [NAMES.toolInput]: { from: fieldIn(data, "from_agent") },
        [NAMES.toolOutput]: { to: fieldIn(data, "to_agent") },
      });
      return;
    case "guardrail":
      return void span.addAttribute(NAMES.output, { triggered: fieldIn(data, "triggered") });
    case "mcp_tools":
      span.addAttribute(NAMES.peerService, wordsIn(fieldIn(data, "server")));
      return void span.addAttribute(NAMES.output, fieldIn(data, "result"));
    case "custom":
      return put(span, NAMES.input, fieldIn(data, "data"));
    case "speech_group":
      return put(span, NAMES.input, fieldIn(data, "input"));
    case "transcription":
      return heard(span, data, put);
    case "speech":
      return spoken(span, data, put);
    default:
  }
}

function heard(span: Span, data: unknown, put: PutContent): void {
  modelled(span, data);
  const audio = { type: "input_audio", input_audio: fieldIn(data, "input") };
  put(span, NAMES.requestMessages, [{ role: "user", content: [audio] }]);
  const content = fieldIn(data, "output");
  if (content !== undefined) put(span, NAMES.responseOutput, { message: { role: "assistant", content } });
}

function spoken(span: Span, data: unknown, put: PutContent): void {
  modelled(span, data);
  put(span, NAMES.requestMessages, [{ role: "user", content: fieldIn(data, "input") }]);
  const content = [{ type: "audio", audio: fieldIn(data, "output") }];
  put(span, NAMES.responseOutput, { message: { role: "assistant", content } });
}

function modelled(span: Span, data: unknown): void {
  const config = fieldIn(data, "model_config");
  span.addAttributes(
    defined({
      ...calledModel("llm-invocation", wordsIn(fieldIn(data, "model")), undefined),
      [NAMES.requestInferenceConfig]: isAnObject(config) ? config : undefined,
    }),
  );
}

/** The SDK has an empty text where it has none. */
function filledText(value: unknown): unknown {
  return value === "" ? undefined : value;
}
