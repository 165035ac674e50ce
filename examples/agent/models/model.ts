// What the agent knows of models: a prompt goes in, text comes out as it is said, and at the end the whole answer.
import type { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";

/** What was said so far. */
export type Message =
  | { readonly role: "user"; readonly text: string }
  | ({ readonly role: "assistant" } & Answer)
  | { readonly role: "tool"; readonly results: readonly ToolResult[] };

/** What a model says: words, and the tools that it wants to be used. */
export interface Answer {
  readonly text: string;
  readonly calls: readonly ToolCall[];
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** What the model wrote: not checked yet. */
  readonly input: unknown;
}

export interface ToolResult {
  readonly id: string;
  readonly output: unknown;
  readonly isError: boolean;
}

/** A tool, as a model is told of it. */
export interface ToolOffer {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its input. */
  readonly parameters: { readonly type: "object"; readonly [key: string]: unknown };
}

export interface Prompt {
  /** The large model plans and answers; the small one does what is simple. */
  readonly size: "large" | "small";
  readonly system: string;
  readonly tools: readonly ToolOffer[];
  readonly messages: readonly Message[];
}

export interface Listener {
  readonly onText?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Asks a model. Rejects where the service fails, or the signal ends it. */
export type Model = (prompt: Prompt, listener: Listener) => Promise<Answer>;

/** How a service is reached. */
export interface Connection {
  /** What is asked in the place of the network: a recording, or the scripted model. */
  readonly fetch?: ((input: string | URL | Request, init?: RequestInit) => Promise<Response>) | undefined;
  /** Another address than the service's own. */
  readonly url?: string | undefined;
  readonly apiKey?: string | undefined;
  /** Of Bedrock, in the place of all these: a client. */
  readonly client?: BedrockRuntimeClient | undefined;
}

/** JSON that a model wrote; where it is none, the text itself, which the tool will refuse. */
export function written(json: string): unknown {
  try {
    return JSON.parse(json === "" ? "{}" : json);
  } catch {
    return json;
  }
}
