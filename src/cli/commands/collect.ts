// `tracelight collect`: an OTLP receiver in front of a store, until Ctrl-C.
import { Rarely } from "../../delivery/rarely.ts";
import type { TracelightError } from "../../model/errors.ts";
import { decodeResponse, type OtlpEncoding } from "../../otlp/codec.ts";
import { isOfThisMachine } from "../../otlp/loopback.ts";
import { otlpReceiver } from "../../otlp/receiver.ts";
import { type OtlpServer, serveOtlp } from "../../otlp/server.ts";
import { decodeStatus } from "../../otlp/status.ts";
import type { DeliveryReport } from "../../tracing/sink.ts";
import type { Context } from "../context.ts";
import { sayingOf } from "../failures.ts";
import { counted } from "../format.ts";
import { processOf, type RedactFlag } from "../redaction.ts";
import { closed, GRACE_MS, listening, stopped } from "../serving.ts";
import { type Target, type TargetSetup, targetOf } from "../stores/target.ts";
import { EXIT, type ExitCode } from "../world.ts";

/** Options of `collect`. */
export interface CollectOptions extends RedactFlag {
  readonly port: number;
  readonly host: string;
  /** Origins of web pages that may send. */
  readonly origin?: readonly string[];
}

/** Runs the receiver; Ctrl-C is how it ends, so that is no failure. */
export async function collect(
  context: Context,
  name: string | undefined,
  options: CollectOptions,
): Promise<ExitCode> {
  const collector = new Collector(context);
  const { gone, setup } = collector;
  const target = await targetOf(name, { ...setup, process: await processOf(context, options) });
  const server = await collector.serve(target, options);
  context.atEnd(() => server.close());
  context.atEnd(async () => void (await target.tracer.close()));
  await target.check();
  // A store that is slow to take the last spans is waited for.
  context.graceMs = GRACE_MS;
  await announce(context, server, target, options);
  await Promise.race([stopped(context), gone]);
  await server.close();
  await conclude(context, target, { ...(await closed(context, target)), rejected: collector.rejected });
  return EXIT.ok;
}

/** What happens while the receiver runs, and what is said of it. */
class Collector {
  /** Rejects where standard output can take no more. */
  readonly gone: Promise<never>;
  readonly setup: TargetSetup;
  readonly #context: Context;
  readonly #rarely: Rarely = new Rarely();
  #rejected = 0;

  constructor(context: Context) {
    const { world, output } = context;
    this.#context = context;
    let onGone: (reason: unknown) => void = () => undefined;
    this.gone = new Promise((_, reject) => (onGone = reject));
    // It may come while nobody waits for it yet.
    this.gone.catch(() => undefined);
    this.setup = { world, output, onGone, onError: (error) => this.#tell(error) };
  }

  /** Spans of requests that were taken without them. */
  get rejected(): number {
    return this.#rejected;
  }

  async serve({ tracer }: Target, { port, host, origin = [] }: CollectOptions): Promise<OtlpServer> {
    const receive = otlpReceiver(tracer, { onError: this.setup.onError, origins: origin });
    const handle = async (request: Request): Promise<Response> => {
      const response = await receive(request);
      if (!response.ok) await this.#refused(request, response.clone());
      else if (request.method === "POST") await this.#taken(response.clone());
      if (response.ok) void this.#progress(tracer);
      return response;
    };
    const onStranger = (what: string): void => this.#warn(what, `Refused ${what}.`);
    return listening(serveOtlp(handle, { port, host, onStranger }));
  }

  async #progress(tracer: Target["tracer"]): Promise<void> {
    const { output } = this.#context;
    if (!output.isWatched) return;
    const { written } = await tracer.flush({ timeoutMs: PROGRESS_MS });
    output.progress(() => `${counted(written, "span")} taken`);
  }

  /** A request is taken without its spans that are none. */
  async #taken(response: Response): Promise<void> {
    const { rejectedSpans, errorMessage } = decodeResponse(...(await bodyOf(response)));
    if (rejectedSpans === 0 && errorMessage === "") return;
    this.#rejected += rejectedSpans;
    // Nobody knows how many spans are under a name that OTLP does not have.
    const what = rejectedSpans === 0 ? "a part of a request" : counted(rejectedSpans, "span");
    this.#warn("rejected", `Refused ${what}: ${errorMessage.slice(0, MAX_MESSAGE)}`);
  }

  /** Senders rarely say why nothing arrives. */
  async #refused({ method, url }: Request, response: Response): Promise<void> {
    const { pathname } = new URL(url);
    const { message = "" } = decodeStatus(...(await bodyOf(response))) ?? {};
    const what = `${method} ${pathname.slice(0, MAX_PATH)}`;
    const { status } = response;
    this.#warn(String(status), `Refused ${what}: ${status} ${message.slice(0, MAX_MESSAGE)}`);
  }

  #tell(error: TracelightError): void {
    const saying = sayingOf(error);
    if (saying !== undefined) this.#warn(error.code, saying);
  }

  /** Each kind rarely. */
  #warn(kind: string, saying: string): void {
    if (this.#rarely.isTime(kind)) this.#context.output.talk(saying, "yellow");
  }
}

async function bodyOf(response: Response): Promise<[OtlpEncoding, Uint8Array]> {
  const isJson = response.headers.get("content-type") === "application/json";
  return [isJson ? "json" : "protobuf", new Uint8Array(await response.arrayBuffer())];
}

async function announce(
  { output }: Context,
  { url }: OtlpServer,
  { name, isOutput }: Target,
  { host }: CollectOptions,
): Promise<void> {
  if (!isOfThisMachine(host)) {
    await output.say(`Other machines may reach ${host}: whoever does can write to ${name}.`, "yellow");
  }
  if (isOutput) await output.say(url);
  else await output.line(url);
  await output.say("Metrics that are sent there are taken and forgotten.", "grey");
  await output.say(`Spans sent there (OTLP over HTTP) go to ${name}; Ctrl-C ends it.`, "grey");
}

async function conclude(
  { output }: Context,
  { name }: Target,
  { written, pending, dropped, failed, rejected }: DeliveryReport & { readonly rejected: number },
): Promise<void> {
  await output.say(`${counted(written, "span")} taken into ${name}.`);
  const told = "the sender was told";
  // What the store refused for good is among the rejected ones too.
  const lost = pending + dropped + Math.max(0, failed - rejected);
  if (rejected > 0) await output.say(`${counted(rejected, "span")} refused; ${told}.`, "yellow");
  if (lost > 0) await output.say(`${counted(lost, "span")} could not be written; ${told}.`, "yellow");
}

const PROGRESS_MS = 100;
const MAX_PATH = 60;
const MAX_MESSAGE = 200;
