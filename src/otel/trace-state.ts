// W3C trace state as OpenTelemetry's API has it: a list that is replaced, never changed.
import type * as api from "@opentelemetry/api";
import { parseTraceState } from "../tracing/propagation/w3c.ts";

/** The trace state of a header's text; what is not valid is empty. */
export function traceStateOf(text: string | undefined): api.TraceState | undefined {
  if (text === undefined) return undefined;
  return new TraceState((parseTraceState(text) ?? "").split(",").filter(Boolean));
}

class TraceState implements api.TraceState {
  readonly #members: readonly string[];

  constructor(members: readonly string[]) {
    this.#members = members;
  }

  /** What is set goes to the front; what is not valid is left out. */
  set(key: string, value: string): TraceState {
    const member = `${key}=${value}`;
    const changed = [member, ...this.#without(key)].slice(0, MAX_MEMBERS);
    return parseTraceState(member) === member ? new TraceState(changed) : this;
  }

  unset(key: string): TraceState {
    return new TraceState(this.#without(key));
  }

  get(key: string): string | undefined {
    return this.#members.find((member) => member.startsWith(`${key}=`))?.slice(key.length + 1);
  }

  serialize(): string {
    return this.#members.join(",");
  }

  #without(key: string): string[] {
    return this.#members.filter((member) => !member.startsWith(`${key}=`));
  }
}

const MAX_MEMBERS = 32;
