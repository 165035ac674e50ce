// The whole agent as one function: for its own tests, and for those that `tracelight test` writes.
import { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
import type { InMemoryTracer } from "tracelight";
import { type FetchLike, type Recording, replayBedrock, replayTools } from "tracelight/replay";
import type { Connection, Model } from "./models/model.ts";
import { modelOf, type Service } from "./models/services.ts";
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
  return replayed(given, modelOf("anthropic", given.tracer, offline("anthropic", given)));
}

/** How the SDK of a service is answered by a recording. */
export function offline(service: Service, { fetch, recording }: Given): Connection {
  if (service !== "bedrock") return { fetch, apiKey: "none" };
  const client = new BedrockRuntimeClient({ region: "eu-central-1" });
  return { client: replayBedrock(client, recording) };
}

/** The sub-agents work themselves, so their tools are replayed, and they are not. */
export function replayed({ tracer, inputs, recording }: Given, model: Model): Promise<string[]> {
  return run({ tracer, inputs, model, services: replayTools(recording, services) });
}
