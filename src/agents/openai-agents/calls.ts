// Which call of a tool is which: the SDK does not tell by what id the model asked for it.
import { structured } from "../../conventions/json-text.ts";
import type { Message } from "../../conventions/messages.ts";
import { readMessages } from "../../conventions/parts.ts";
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import type { Answered } from "../dialects/dialect.ts";

/** A tool that a model asked for. */
export interface AskedTool {
  readonly id?: string;
  readonly name?: string;
  readonly arguments?: unknown;
}

/** The tools that a model's answer asks for. */
export function callsIn(answered: Answered): AskedTool[] {
  return messagesIn(answered).flatMap(({ parts }) => parts.filter((part) => part.type === "tool-call"));
}

/** The messages of an answer: one, or the items of a response. */
export function messagesIn({ output }: Answered): readonly Message[] {
  return readMessages(fieldIn(output, "output") ?? [fieldIn(output, "message")]);
}

/** Takes the call that this span tells of: by its name and what it was given; a handoff by who takes over, else as the last that is left. */
export function claimCall(calls: AskedTool[], data: unknown): AskedTool | undefined {
  const at = fieldIn(data, "type") === "handoff" ? handoffAt(calls, data) : functionAt(calls, data);
  return at < 0 ? undefined : calls.splice(at, 1)[0];
}

function functionAt(calls: readonly AskedTool[], data: unknown): number {
  const [name, input] = [wordsIn(fieldIn(data, "name")), fieldIn(data, "input")];
  const given = JSON.stringify(structured(input));
  const exact = calls.findIndex((call) => call.name === name && JSON.stringify(call.arguments) === given);
  return exact >= 0 ? exact : calls.findIndex((call) => call.name === name);
}

function handoffAt(calls: readonly AskedTool[], data: unknown): number {
  const to = wordsIn(fieldIn(data, "to_agent"))?.replaceAll(/[^\w-]/g, "_");
  const named = calls.findIndex(({ name }) => name === `transfer_to_${to}`);
  return named >= 0 ? named : calls.length - 1;
}
