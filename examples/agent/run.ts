// The whole agent as one function: what its tests call, and those that `tracelight test` writes.
import type { Tracer } from "tracelight";
import type { Connection } from "./models/model.ts";
import { modelOf, type Service } from "./models/services.ts";
import { type Services, travelServices } from "./services.ts";
import { type Talk, TravelDesk } from "./travel-desk.ts";

/** A talk to be had. */
export interface Run extends Pick<Talk, "maxHistory" | "tellsTime"> {
  readonly tracer: Tracer;
  /** What the traveller says, turn by turn. */
  readonly inputs: readonly string[];
  readonly service?: Service;
  /** What stands in for the network. */
  readonly connection?: Connection;
  /** What stands in for the services. */
  readonly services?: Services;
}

/** Has the talk; resolves with the answers. */
export async function run({ tracer, inputs, ...more }: Run): Promise<string[]> {
  const { service = "openai", connection, services = travelServices(async () => undefined), ...talk } = more;
  const model = modelOf(service, tracer, connection);
  const desk = new TravelDesk({ ...talk, tracer, model, services, conversationId: "test", user: "dana" });
  const answers: string[] = [];
  for (const input of inputs) answers.push(await desk.say(input));
  return answers;
}
