// A model's answer, put together from the parts that its stream gives.

import { fieldIn, textIn } from "../../conventions/values.ts";
import { setOwn } from "../../model/own-property.ts";
import { type Answered, reasonIn, usageIn } from "./work.ts";

/** What came so far. */
export class Answer implements Answered {
  readonly content: unknown[] = [];
  finishReason: string | undefined;
  usage: object | undefined;
  readonly #texts = new Map<string, Record<string, unknown>>();

  /** Takes a part; false for one that has nothing of the answer in it. */
  add(part: unknown): boolean {
    const type = textIn(fieldIn(part, "type")) ?? "";
    if (type === "text-delta") return this.#grow("text", part);
    if (type === "reasoning-delta") return this.#grow("reasoning", part);
    if (type === "finish") {
      this.finishReason = reasonIn(fieldIn(part, "finishReason"));
      this.usage = usageIn(fieldIn(part, "usage"));
    }
    if (WHOLE.has(type)) this.content.push(part);
    return WHOLE.has(type) || type === "tool-input-delta";
  }

  #grow(type: string, part: unknown): boolean {
    const delta = textIn(fieldIn(part, "delta")) ?? "";
    const key = `${type} ${textIn(fieldIn(part, "id")) ?? ""}`;
    const begun = this.#texts.get(key) ?? this.#begin(key, type);
    setOwn(begun, "text", `${begun["text"]}${delta}`);
    return delta !== "";
  }

  #begin(key: string, type: string): Record<string, unknown> {
    const begun = { type, text: "" };
    this.#texts.set(key, begun);
    this.content.push(begun);
    return begun;
  }
}

const WHOLE: ReadonlySet<string> = new Set(["tool-call", "tool-result", "file", "source"]);
