// The viewer on a port of its own: for a program that wants its page, and for the command.

import { TracelightError } from "../model/errors.ts";
import { checkOptions, is } from "../model/options.ts";
import { isOfThisMachine } from "../otlp/loopback.ts";
import { serveOtlp } from "../otlp/server.ts";
import type { HasReader } from "../tracing/readable.ts";
import type { ReadableStore } from "../tracing/store.ts";
import { VIEWER_CHECKS, type ViewerOptions } from "./options.ts";
import { createViewer } from "./viewer.ts";

/** Options of `serveViewer`. */
export interface ServeViewerOptions extends ViewerOptions {
  /** Default 4318, where OpenTelemetry's senders look. 0 takes any that is free. */
  readonly port?: number | undefined;
  /** Default `localhost`: this machine only. Any other needs a `token`. */
  readonly host?: string | undefined;
  /** Told of each connection that brings no HTTP/1.1, such as one of gRPC: what it is, and how to mend it. Default: nobody is. */
  readonly onStranger?: ((what: string) => void) | undefined;
}

/** A viewer that runs. */
export interface ViewerServer extends AsyncDisposable {
  /** Where the page is, as `http://127.0.0.1:4318/`. */
  readonly url: string;
  /** Where it listens. */
  readonly port: number;
  /** Takes no more, lets requests under way come to their end for a second, and stops. */
  close(): Promise<void>;
}

/**
 * Serves the page, its API and, where the store can be written to, an OTLP receiver on one port: on this machine only, unless told.
 *
 * @example
 * ```ts
 * const tracer = new InMemoryTracer();
 * const viewer = await serveViewer(tracer, { port: 0 });
 * tracer.trace("converse", () => "Hello");
 * await viewer.close();
 * ```
 *
 * @throws (rejects) TracelightError `INVALID_OPTION`; `LISTEN_FAILED` where the port is taken.
 */
export async function serveViewer(
  viewed: ReadableStore | HasReader,
  options: ServeViewerOptions = {},
): Promise<ViewerServer> {
  checkOptions(options, { owner: "serveViewer", checks: CHECKS, secret: ["token"] });
  const { port = 4318, host = "localhost", onStranger, ...rest } = options;
  if (!isOfThisMachine(host) && rest.token === undefined) throw tokenNeeded(host);
  let handle = (_request: Request): Promise<Response> => Promise.resolve(new Response(null, { status: 503 }));
  const server = await serveOtlp((request) => handle(request), { port, host, onStranger });
  const otlpUrl = rest.otlpUrl ?? server.url;
  try {
    handle = createViewer(viewed, { ...rest, otlpUrl });
  } catch (error) {
    await server.close();
    throw error;
  }
  const url = server.url + mountOf(rest);
  return { url, port: server.port, close: () => server.close(), [Symbol.asyncDispose]: () => server.close() };
}

function mountOf({ path = "/" }: ViewerOptions): string {
  return path.endsWith("/") ? path : `${path}/`;
}

function tokenNeeded(host: string): TracelightError {
  return new TracelightError(
    "INVALID_OPTION",
    `Other machines may reach ${host}: the viewer needs a token there, which is asked for before anything is shown.`,
  );
}

const CHECKS = {
  ...VIEWER_CHECKS,
  port: (value: unknown) =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535
      ? undefined
      : "a whole number from 0 to 65535",
  host: is.text,
  onStranger: is.fn,
};
