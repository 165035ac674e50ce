// How a service of models speaks: what it is asked, and what it answers, piece by piece.
import type { Answer } from "../../models/model.ts";
import type { Asked } from "../script.ts";

/** Tokens of one call; `input` is all that went in. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  /** Of the input: read from the cache of prompts, and written to it. */
  readonly read: number;
  readonly written: number;
}

export interface Wire {
  readonly path: RegExp;
  readonly contentType: string;
  /** Throws where the request is none that this service takes. */
  read(body: unknown, path: string): Asked;
  /** What is written at once, in order. */
  pieces(
    answer: Answer,
    about: { readonly model: string; readonly usage: Usage; readonly id: string },
  ): Piece[];
  error(message: string): object;
}

export type Piece = string | Uint8Array;

/** One of server-sent events. */
export function sse(data: object | string, event?: string): string {
  const text = typeof data === "string" ? data : JSON.stringify(data);
  return `${event === undefined ? "" : `event: ${event}\n`}data: ${text}\n\n`;
}

/** Some words at a time. */
export function split(text: string): string[] {
  return text.match(/[\s\S]{1,24}(?:\s|$)|[\s\S]{1,24}/g) ?? [];
}

/** JSON of a tool's output, as the agent sends it. */
export function outputOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** OpenAI does not say that a tool failed: the output does. */
export function isFailure(output: unknown): boolean {
  return typeof output === "object" && output !== null && "error" in output;
}
