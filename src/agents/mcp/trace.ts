// `traceMcp`: clients and servers of the Model Context Protocol, of SDK 1 and 2.
import { isAnObject } from "../../conventions/values.ts";
import { checkOptions, is } from "../../model/options.ts";
import type { Tracer } from "../../tracing/tracer.ts";
import { type CaptureOptions, checkAdapter } from "../capture.ts";
import { Session } from "./session.ts";
import { type McpTransport, watchTransport } from "./transport.ts";

/** What there is in a client or a server of the SDK, in version 1 and 2 alike. */
export interface McpPeer {
  /** Connects it; what goes over the transport from then on is seen. */
  connect(transport: never, options?: never): Promise<void>;
}

/**
 * Traces what a client or a server of the Model Context Protocol does, and gives it back: a `Client`, `Server` or `McpServer` of
 * `@modelcontextprotocol/sdk` 1, or of the packages `client` and `server` of version 2. Call it before `connect`.
 *
 * Each request for tools, resources, prompts, completion, sampling or elicitation becomes a span, on the side that sends it (CLIENT) and on the
 * side that answers (SERVER). The span's identity goes along as `_meta.traceparent` (MCP's specification of 2026-07-28), so that both sides
 * are one trace; a server whose client sends none begins below the span that is active, or begins a trace.
 *
 * @throws TracelightError `INVALID_OPTION` where it is given neither a client nor a server, no tracer, or an option it does not know.
 * @example
 * ```typescript
 * import { Client } from "@modelcontextprotocol/client";
 *
 * const tracer = new InMemoryTracer();
 * const client = traceMcp(new Client({ name: "agent", version: "1.0.0" }), tracer);
 * ```
 */
export function traceMcp<P extends McpPeer>(
  clientOrServer: P,
  tracer: Tracer,
  options: CaptureOptions = {},
): P {
  checkOptions(
    { clientOrServer },
    {
      owner: "traceMcp",
      checks: { clientOrServer: is.having("connect", "a Client or Server of MCP's SDK") },
      required: ["clientOrServer"],
    },
  );
  checkAdapter("traceMcp", { tracer, options });
  const peer = protocolOf(clientOrServer);
  if (traced.has(peer)) return clientOrServer;
  traced.add(peer);
  const watch = (transport: unknown) =>
    isTransport(transport) &&
    watchTransport(transport, new Session(tracer, options, () => nameOfOther(peer)));
  const connect: unknown = Reflect.get(peer, "connect");
  if (typeof connect !== "function") return clientOrServer;
  Object.defineProperty(peer, "connect", {
    value: (...args: unknown[]): unknown => {
      watch(args[0]);
      return Reflect.apply(connect, peer, args);
    },
    writable: true,
    configurable: true,
  });
  watch(Reflect.get(peer, "transport"));
  return clientOrServer;
}

/** Those that are traced already: a second call changes nothing. */
const traced = new WeakSet<object>();

/** An `McpServer` lets its `server` connect, which can also be connected by itself. */
function protocolOf(given: object): object {
  const server: unknown = Reflect.get(given, "server");
  return isAnObject(server) && typeof Reflect.get(server, "connect") === "function" ? server : given;
}

/** What the other side called itself when they met. */
function nameOfOther(peer: object): string | undefined {
  const ask: unknown = Reflect.get(peer, "getServerVersion") ?? Reflect.get(peer, "getClientVersion");
  const said: unknown = typeof ask === "function" ? Reflect.apply(ask, peer, []) : undefined;
  const name: unknown = isAnObject(said) ? Reflect.get(said, "name") : undefined;
  return typeof name === "string" ? name : undefined;
}

function isTransport(value: unknown): value is McpTransport {
  return isAnObject(value) && typeof Reflect.get(value, "send") === "function";
}
