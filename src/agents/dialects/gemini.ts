// Google's generateContent, of Gemini's API and of Vertex.
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import type { WorkEnd } from "../../tracing/steps.ts";
import type { Answered, Assembler, Dialect, Fields } from "./dialect.ts";
import { failureOf, fields, isFields, isSaying, list, only, without } from "./values.ts";

export const gemini: Dialect = {
  operation: "chat",
  provider: "google",
  asked: (body, path) => {
    const contents = fieldIn(body, "contents");
    if (contents === undefined) return undefined;
    return {
      model: /models\/([^/:]+)/.exec(path)?.[1],
      messages: contents,
      system: fieldIn(body, "systemInstruction") ?? fieldIn(body, "system_instruction") ?? undefined,
      tools: only(body, "tools", "toolConfig"),
      config: without(body, "contents", "systemInstruction", "system_instruction", "tools", "toolConfig"),
    };
  },
  answered,
  assembler: () => new CandidateAssembler(),
};

function answered(answer: unknown): Answered {
  const candidates = list(fieldIn(answer, "candidates"));
  const [first] = candidates;
  const message = fieldIn(first, "content");
  return {
    output: message === undefined ? undefined : { message, ...(candidates.length > 1 ? { candidates } : {}) },
    stopReason:
      wordsIn(fieldIn(first, "finishReason")) ??
      wordsIn(fieldIn(fieldIn(answer, "promptFeedback"), "blockReason")),
    usage: fields(fieldIn(answer, "usageMetadata")),
    model: wordsIn(fieldIn(answer, "modelVersion")),
    id: wordsIn(fieldIn(answer, "responseId")),
    error: fieldIn(answer, "error") ?? undefined,
  };
}

class CandidateAssembler implements Assembler {
  readonly #answer: Fields = {};
  readonly #candidates = new Map<unknown, { readonly fields: Fields; readonly parts: Fields[] }>();
  end: WorkEnd | undefined;

  /** Without `alt=sse` a stream is one list of what else are its events. */
  add(event: unknown): boolean {
    if (Array.isArray(event)) return event.filter((one) => this.add(one)).length > 0;
    if (!isFields(event)) return false;
    const { candidates, error, ...rest } = event;
    if (isSaying(error)) this.end = failureOf(error);
    for (const [key, value] of Object.entries(rest)) if (isSaying(value)) this.#answer[key] = value;
    return list(candidates).filter((one) => this.#candidate(one)).length > 0;
  }

  answer(): unknown {
    const all = [...this.#candidates.values()].map(({ fields: given, parts }) => {
      const content = { role: "model", ...fields(given["content"]), parts };
      return { ...given, content };
    });
    return all.length === 0 ? this.#answer : { ...this.#answer, candidates: all };
  }

  #candidate(candidate: unknown): boolean {
    if (!isFields(candidate)) return false;
    const index = candidate["index"] ?? 0;
    const known = this.#candidates.get(index) ?? { fields: {}, parts: [] };
    this.#candidates.set(index, known);
    for (const [key, value] of Object.entries(candidate)) if (isSaying(value)) known.fields[key] = value;
    const parts = list(fieldIn(candidate["content"], "parts")).filter(isFields);
    const saying = parts.filter((part) =>
      Object.entries(part).some(([key, value]) => key !== "thought" && isSaying(value)),
    );
    for (const part of saying) addPart(known.parts, part);
    return saying.length > 0;
  }
}

/** Words that follow words of the same sort are one part. */
function addPart(parts: Fields[], part: Fields): void {
  const last = parts.at(-1);
  const { text: words } = part;
  if (typeof words === "string" && typeof last?.["text"] === "string" && last["thought"] === part["thought"])
    Object.assign(last, part, { text: last["text"] + words });
  else parts.push({ ...part });
}
