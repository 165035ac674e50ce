// What an adapter knows of a provider's API: how it is asked, how it answers, and how a streamed answer is put together.
import type { WorkEnd } from "../../tracing/steps.ts";

/** What a request says, in the provider's own shapes. */
export interface Asked {
  readonly model?: string | undefined;
  readonly messages?: unknown;
  readonly system?: unknown;
  readonly tools?: object | undefined;
  /** All the rest. */
  readonly config?: object | undefined;
  /** True where its parts are captured already, and nothing in them gives access. */
  readonly isOwned?: boolean;
}

/** What an answer says, in the provider's own shapes. */
export interface Answered {
  /** An object with a `message`, or what the provider has in its place. */
  readonly output?: unknown;
  readonly stopReason?: string | undefined;
  readonly usage?: object | undefined;
  readonly metrics?: object | undefined;
  /** What a guardrail found. */
  readonly guardrail?: unknown;
  readonly model?: string | undefined;
  readonly id?: string | undefined;
  /** What went wrong, though the answer came. */
  readonly error?: unknown;
}

/** Puts a streamed answer together, in the shape that it has where it comes as a whole. */
export interface Assembler {
  /** Takes an event; false where it has nothing of the answer in it. */
  add(event: unknown): boolean;
  /** What there is so far. */
  answer(): unknown;
  /** How it went, where the events say so. */
  readonly end: WorkEnd | undefined;
}

/** A provider's API. All functions are total: whatever they are given, they do not throw. */
export interface Dialect {
  readonly operation: "chat" | "embeddings";
  /** Whose API it is, where its address says nothing else. */
  readonly provider?: string;
  /** Undefined where it is no call of a model. */
  asked(body: object, path: string): Asked | undefined;
  answered(answer: unknown): Answered;
  assembler(): Assembler;
}

/** An object of JSON. */
export type Fields = Record<string, unknown>;
