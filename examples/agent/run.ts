// The whole agent as one function: for its own tests, and for those that `tracelight test` writes.
import type { InMemoryTracer } from "tracelight";
import { type FetchLike, type Recording, replayTools } from "tracelight/replay";
import type { Model } from "./models/model.ts";
import { modelOf } from "./models/services.ts";
import { type Services, travelServices } from "./services.ts";
import { type Talk, TravelDesk } from "./travel-desk.ts";

/** The services without their waiting. */
export const services: Services = travelServices(async () => undefined);

/** A talk to be had. */
export interface Run extends Omit<Talk, "conversationId" | "user"> {
  /** What the traveller says, turn by turn. */
  readonly inputs: readonly string[];
}

/** Has the talk; resolves with the answers. */
export async function run({ inputs, ...talk }: Run): Promise<string[]> {
  const desk = new TravelDesk({ ...talk, conversationId: "test", user: "dana" });
  const answers: string[] = [];
  for (const input of inputs) answers.push(await desk.say(input));
  return answers;
}

/** What a test gives that `tracelight test` wrote. */
export interface Given {
  readonly tracer: InMemoryTracer;
  readonly inputs: readonly string[];
  readonly recording: Recording;
  readonly fetch: FetchLike;
}

/** The same talk, answered by its recording, through the SDK of Anthropic. */
export function anthropic(given: Given): Promise<string[]> {
  return replayed(given, modelOf("anthropic", given.tracer, { fetch: given.fetch, apiKey: "none" }));
}

/** The sub-agents work themselves, so their tools are replayed, and they are not. */
export function replayed({ tracer, inputs, recording }: Given, model: Model): Promise<string[]> {
  return run({ tracer, inputs, model, services: replayTools(recording, services) });
}
