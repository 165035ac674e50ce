// `tracelight view`: the page over a store, its API and an OTLP receiver on one port, until Ctrl-C.
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { Rarely } from "../../delivery/rarely.ts";
import { errorCode } from "../../model/errors.ts";
import { InMemoryTracer } from "../../sinks/in-memory.ts";
import type { Process } from "../../tracing/draft.ts";
import type { StoreReader } from "../../tracing/readable.ts";
import type { Tracer } from "../../tracing/tracer.ts";
import { serveViewer, type ViewerServer } from "../../viewer/serve.ts";
import type { Context } from "../context.ts";
import { sayingOf } from "../failures.ts";
import { processOf, type RedactFlag, redactedBy } from "../redaction.ts";
import { closed, GRACE_MS, listening, stopped } from "../serving.ts";
import { isSqliteOrNew, storeName } from "../store.ts";
import { namedStores } from "../stores/by-name.ts";
import { type Target, targetOf } from "../stores/target.ts";
import { EXIT, type ExitCode } from "../world.ts";

/** Options of `view`. */
export interface ViewOptions extends RedactFlag {
  readonly port: number;
  readonly host: string;
  readonly open?: boolean;
  readonly readOnly?: boolean;
  readonly token?: string;
  readonly principal?: string;
  readonly allowHost?: readonly string[];
  readonly prices?: string;
}

/** Serves the page; Ctrl-C is how it ends, so that is no failure. */
export async function view(
  context: Context,
  name: string | undefined,
  options: ViewOptions,
): Promise<ExitCode> {
  const store = await opened(context, name, options);
  const server = await serve(context, store, options);
  context.atEnd(() => server.close());
  await announce(context, server, store, options);
  if (options.open === true) openBrowser(server.url);
  await stopped(context);
  await server.close();
  if (store.target !== undefined) {
    context.graceMs = GRACE_MS;
    await closed(context, store.target);
  }
  return EXIT.ok;
}

/** What the page is over. */
interface Opened {
  readonly viewed: StoreReader | Tracer;
  readonly kind: string;
  readonly name: string;
  /** What spans are written to; undefined where the store is only read. */
  readonly target: Target | undefined;
}

/** To be written to where it can be; else it is only read. */
async function opened(context: Context, wanted: string | undefined, options: ViewOptions): Promise<Opened> {
  const name = storeName(wanted, context.world);
  const process = await processOf(context, options);
  if (name === MEMORY) return inMemory(process);
  const isWritten = options.readOnly !== true && options.principal === undefined;
  const target =
    isWritten && (await canBeWritten(context, name)) ? await writable(context, wanted, process) : undefined;
  const kind =
    namedStores(name) === undefined ? await kindOf(context, name) : (name.split(":", 1)[0] ?? name);
  // The store has ways of being read that an agent's tracer has not.
  const viewed = await redactedBy(context, options, await context.open(wanted, { again: true }));
  return { viewed, kind, name: viewed.name, target };
}

function inMemory(process: Process | undefined): Opened {
  const tracer = new InMemoryTracer({ memorySize: MEMORY_SPANS, process });
  const target = { name: "memory", tracer, check: async () => undefined, isOutput: false };
  return { viewed: tracer, kind: "memory", name: target.name, target };
}

async function canBeWritten({ world }: Context, name: string): Promise<boolean> {
  if (name === "-") return false;
  return namedStores(name) !== undefined || isSqliteOrNew(resolve(world.cwd, name), name);
}

async function kindOf({ world }: Context, name: string): Promise<string> {
  if (name === "-") return "lines";
  return (await isSqliteOrNew(resolve(world.cwd, name), name)) ? "sqlite" : "lines";
}

/** Undefined for a file that may only be read: the Python toolkit's, and one without the right to write. */
async function writable(
  context: Context,
  wanted: string | undefined,
  process: Process | undefined,
): Promise<Target | undefined> {
  const { world, output } = context;
  const rarely = new Rarely();
  const target = await targetOf(wanted, {
    ...{ world, output, process },
    onGone: () => undefined,
    onError: (error) => {
      const saying = sayingOf(error);
      if (saying !== undefined && rarely.isTime(error.code)) output.talk(saying, "yellow");
    },
  });
  try {
    await target.check();
    return target;
  } catch (error) {
    await target.tracer.close();
    if (ONLY_READ.has(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}

async function serve(
  context: Context,
  { viewed, kind, target }: Opened,
  options: ViewOptions,
): Promise<ViewerServer> {
  const { port, host, readOnly, principal, allowHost = [] } = options;
  const token = options.token ?? context.world.env["TRACELIGHT_TOKEN"];
  const rarely = new Rarely();
  return listening(
    serveViewer(viewed, {
      ...{ port, host, readOnly, principal, kind, hosts: allowHost },
      ...{ token: token || undefined, spansTo: target?.tracer },
      prices: await context.prices(options),
      onStranger: (what) => {
        if (rarely.isTime(what)) context.output.talk(`Refused ${what}.`, "yellow");
      },
    }),
  );
}

async function announce(
  { output }: Context,
  { url }: ViewerServer,
  { name, target }: Opened,
  { principal }: ViewOptions,
): Promise<void> {
  await output.line(url);
  const whose = principal === undefined ? "" : `, what ${principal} may see of it`;
  await output.say(`The page shows ${name}${whose}; Ctrl-C ends it.`, "grey");
  if (target === undefined) return void (await output.say("It is only read: no spans are taken.", "grey"));
  await output.say("Send a first trace from any OpenTelemetry program (OTLP over HTTP):", "grey");
  await output.say(`  OTEL_EXPORTER_OTLP_ENDPOINT=${new URL(url).origin} node agent.js`, "grey");
}

/** Nobody waits for it: where there is no browser, the address was printed. */
function openBrowser(url: string): void {
  const [command = "xdg-open", ...args] = OPENERS[process.platform] ?? [];
  spawn(command, [...args, url], { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}

const OPENERS: Readonly<Record<string, readonly string[]>> = { darwin: ["open"], win32: ["explorer.exe"] };
const ONLY_READ: ReadonlySet<string> = new Set(["NOT_A_DATABASE", "STORE_READ_ONLY"]);
const MEMORY = "memory:";
const MEMORY_SPANS = 100_000;
