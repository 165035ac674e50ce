// The three services, by name.
import type { Tracer } from "tracelight";
import { anthropic } from "./anthropic.ts";
import { bedrock } from "./bedrock.ts";
import type { Connection, Model } from "./model.ts";
import { openAi } from "./openai.ts";

const SERVICES = { openai: openAi, anthropic, bedrock } as const;

export type Service = keyof typeof SERVICES;

export function isService(name: string): name is Service {
  return Object.hasOwn(SERVICES, name);
}

/** The model of a service. What `connection` leaves out its SDK takes from the environment: keys, regions, addresses. */
export function modelOf(service: Service, tracer: Tracer, connection: Connection = {}): Model {
  return SERVICES[service](tracer, connection);
}
