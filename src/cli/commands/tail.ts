// `tracelight tail`: spans as they start and end, until Ctrl-C.
import { setTimeout as wait } from "node:timers/promises";
import { matches } from "../../conventions/matches.ts";
import { readSpan } from "../../conventions/reading.ts";
import { isoMicros } from "../../model/clock.ts";
import { defined } from "../../model/defined.ts";
import { inStartOrder } from "../../model/query.ts";
import { RecentMap } from "../../model/recent-map.ts";
import { encodeRecord } from "../../model/record.ts";
import { readWhere } from "../../model/where.ts";
import { oneLine } from "../../render/text.ts";
import { cutToWidth, displayWidth } from "../../render/width.ts";
import type { StoreReader } from "../../tracing/readable.ts";
import type { Span } from "../../tracing/span.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failures.ts";
import { FollowedStore } from "../followed-store.ts";
import { glance, type Mishap, mishapOf, valueText, workOf } from "../glance.ts";
import { isStillToCome, storeName } from "../store.ts";
import { timeOf } from "../tree.ts";
import { EXIT, type ExitCode } from "../world.ts";
import { jsonLine } from "./filter.ts";

/** Options of `tail`. */
export interface TailOptions {
  readonly where?: string;
  readonly lines?: number;
  readonly json?: boolean;
}

const DEFAULT_LINES = 10;
const POLL_MS = 200;
const MAX_KNOWN = 20_000;
const MAX_DEPTH = 8;
const MAX_NAME = 60;

/** Follows the store; Ctrl-C is how it ends, so that is no failure. */
export async function tail(
  context: Context,
  name: string | undefined,
  options: TailOptions,
): Promise<ExitCode> {
  if (options.where !== undefined) readWhere(options.where);
  const { signal } = context.world;
  try {
    await untilThere(context, name);
    await follow(await FollowedStore.open(context, name), context, options);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return EXIT.ok;
}

async function untilThere({ world, output }: Context, name: string | undefined): Promise<void> {
  if (!(await isStillToCome(name, world))) return;
  await output.say(`Waiting for ${storeName(name, world)} …`, "grey");
  while (await isStillToCome(name, world)) await wait(POLL_MS, undefined, { signal: world.signal });
}

async function follow(followed: FollowedStore, context: Context, options: TailOptions): Promise<void> {
  const show = new Follower(context, options);
  const { store } = followed;
  if (!store.has("changes")) return followLines(store, { context, options, show });
  const { lines = DEFAULT_LINES, where } = options;
  const running = await followed.changes();
  const latest = await store.find({ order: "desc", limit: lines, ...defined({ where }) });
  await show.changed([...latest].reverse().filter(({ state }) => state !== "running"));
  await show.changed(running);
  for (;;) {
    await wait(POLL_MS, undefined, { signal: context.world.signal });
    await show.changed(await followed.changes());
  }
}

interface Following {
  readonly context: Context;
  readonly options: TailOptions;
  readonly show: Follower;
}

/** Standard input says itself when there is more. */
async function followLines(store: StoreReader, { context, options, show }: Following): Promise<void> {
  const { position } = store;
  if (position === undefined)
    throw new UsageError(`tail follows SQLite files, files of lines and standard input; not ${store.name}`);
  const spans = store.iterate({});
  for await (const span of options.lines === undefined ? spans : lastOf(spans, options.lines, options.where))
    await show.changed([span]);
  await context.output.flush();
}

/** The last spans of a stream that have ended, once it has, and those that run. */
async function* lastOf(
  spans: AsyncIterable<Span>,
  count: number,
  where: string | undefined,
): AsyncGenerator<Span> {
  const last: Span[] = [];
  const running: Span[] = [];
  for await (const span of spans) {
    if (where !== undefined && !matches(span, { where })) continue;
    (span.state === "running" ? running : last).push(span);
    if (last.length > count) last.shift();
  }
  yield* [...last, ...running];
}

/** Shows spans by what became of them since they were seen last. */
class Follower {
  readonly #context: Context;
  readonly #options: TailOptions;
  /** What was shown of a span, and how deep it lies. */
  readonly #known = new RecentMap<string, { readonly state: Span["state"]; readonly depth: number }>(
    MAX_KNOWN,
  );

  constructor(context: Context, options: TailOptions) {
    this.#context = context;
    this.#options = options;
  }

  async changed(spans: readonly Span[]): Promise<void> {
    const { output } = this.#context;
    const { where, json } = this.#options;
    // Parents first, so that each span's depth is known; then as things happened.
    const news = inStartOrder(spans).flatMap((span) => this.#newsOf(span));
    for (const { span, depth } of news.sort((a, b) => momentOf(a.span) - momentOf(b.span))) {
      if (where !== undefined && !matches(span, { where })) continue;
      await output.line(json ? jsonLine(encodeRecord(span)) : this.#line(span, depth));
    }
    await output.flush();
  }

  #newsOf(span: Span): { readonly span: Span; readonly depth: number }[] {
    const depth = this.#depthOf(span);
    return this.#remember(span, depth) === span.state ? [] : [{ span, depth }];
  }

  #depthOf({ traceId, parentSpanId }: Span): number {
    const parent = parentSpanId === undefined ? undefined : this.#known.get(traceId + parentSpanId);
    return parent === undefined ? 0 : Math.min(MAX_DEPTH, parent.depth + 1);
  }

  #remember({ traceId, spanId, state }: Span, depth: number): Span["state"] | undefined {
    const key = traceId + spanId;
    const before = this.#known.get(key)?.state;
    this.#known.set(key, { state, depth });
    return before;
  }

  #line(span: Span, depth: number): string {
    const { paint, width } = this.#context.output;
    const at = isoMicros(momentOf(span)).slice(11, 23);
    const { mark, color } = markOf(span);
    const name = oneLine(span.spanName, MAX_NAME);
    const time = span.state === "running" ? "" : `  ${timeOf(span)}`;
    const taken = displayWidth(
      `${at}  ${span.traceId.slice(0, 8)}  ${"  ".repeat(depth)}${mark} ${name}${time}  `,
    );
    const detail = detailOf(span, Math.max(0, width - taken));
    const ids = `${paint("grey", at)}  ${paint("blue", span.traceId.slice(0, 8))}`;
    const rest = detail === "" ? "" : `  ${paint(mishapOf(span)?.color ?? "grey", detail)}`;
    return `${ids}  ${"  ".repeat(depth)}${paint(color, mark)} ${name}${paint("grey", time)}${rest}`;
  }
}

/** When what is told of a span took place. */
function momentOf({ startedAtMicros, endedAtMicros }: Span): number {
  return endedAtMicros ?? startedAtMicros;
}

function markOf(span: Span): Pick<Mishap, "mark" | "color"> {
  if (span.state === "running") return { mark: "▶", color: "blue" };
  if (span.state === "interrupted") return { mark: "‖", color: "yellow" };
  return mishapOf(span) ?? { mark: "✓", color: "green" };
}

/** What comes in when it starts and what came out when it ended well; else what it was, and what became of it. */
function detailOf(span: Span, width: number): string {
  const reading = readSpan(span);
  const mishap = mishapOf(span, reading);
  const work = workOf(span, reading, "← ");
  // The line's own mark says that it failed.
  if (mishap !== undefined) return work === "" ? cutToWidth(mishap.says, width) : glance(work, mishap, width);
  if (reading.kind === "model-call") return cutToWidth(work, width);
  const isRunning = span.state === "running";
  const text = isRunning ? valueText(reading.input, "← ") : valueText(reading.output, "→ ");
  return cutToWidth(text, width);
}
