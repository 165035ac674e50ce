// A transport of MCP's SDK, watched in place: it stays the object that the app made, with all that is its own.
import { asTracelightError } from "../../model/errors.ts";
import { reportUnowned } from "../../tracing/faults.ts";
import type { Session } from "./session.ts";

/** What carries messages: a `Transport` of the SDK, or one of the app's own. */
export interface McpTransport {
  /** Sends a message. */
  send(message: unknown, ...rest: unknown[]): Promise<void>;
  /** Set by the client or server that is connected: called for each message that comes. */
  onmessage?: unknown;
  /** Set by the client or server that is connected: called when it is closed. */
  onclose?: unknown;
}

type Handler = (...args: unknown[]) => unknown;

const watched = new WeakSet<object>();

/** Lets the session see what is sent and what comes. One that cannot be changed is left as it is, with a process warning. */
export function watchTransport(transport: McpTransport, session: Session): void {
  if (watched.has(transport)) return;
  try {
    watchSends(transport, session);
    watchHandler(transport, "onmessage", (handler, args) =>
      session.receive(args[0], () => Reflect.apply(handler, transport, args)),
    );
    watchHandler(transport, "onclose", (handler, args) => {
      session.close();
      return Reflect.apply(handler, transport, args);
    });
    watched.add(transport);
  } catch (error) {
    reportUnowned(asTracelightError(error, "NOT_FOLLOWED", "traceMcp could not watch the transport"));
  }
}

function watchSends(transport: McpTransport, session: Session): void {
  const { send } = transport;
  Object.defineProperty(transport, "send", {
    value: (message: unknown, ...rest: unknown[]): unknown =>
      session.send(message, rest[0], (traced) => Reflect.apply(send, transport, [traced, ...rest])),
    writable: true,
    configurable: true,
  });
}

/** A property that holds a handler: what is set there is called through `call`. Some classes pass it on to a transport within. */
function watchHandler(
  transport: McpTransport,
  name: "onmessage" | "onclose",
  call: (handler: Handler, args: unknown[]) => unknown,
): void {
  const given = ownOrInherited(transport, name);
  let plain = given?.get === undefined ? given?.value : undefined;
  const around = (handler: unknown): unknown =>
    isHandler(handler) ? (...args: unknown[]) => call(handler, args) : handler;
  const set = (handler: unknown): void => {
    plain = around(handler);
    given?.set?.call(transport, plain);
  };
  const now: unknown = Reflect.get(transport, name);
  Object.defineProperty(transport, name, { get: () => plain, set, enumerable: true, configurable: true });
  set(now);
}

function ownOrInherited(object: object, name: string): PropertyDescriptor | undefined {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isHandler(value: unknown): value is Handler {
  return typeof value === "function";
}
