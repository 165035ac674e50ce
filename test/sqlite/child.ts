// A process that traces into an SQLite file and does as it is told: run by the tests of ends, locks and several processes.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, writeSync } from "node:fs";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import { type Attributes, closeOnSignals, type Span, type Tracer } from "tracelight";
import { SqliteTracer, type SqliteTracerOptions } from "tracelight/sqlite";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { endsWithParent } from "../ends-with-parent.ts";
import { type Hold, watchEventLoopAsleep } from "../event-loop.ts";

endsWithParent();

/** What the tracer of the process is to be like. */
export interface ChildOptions extends Omit<SqliteTracerOptions, "process" | "onError"> {
  /** Drops spans of this name at their end. */
  readonly dropAtEnd?: string;
  /** Prints errors as they are told. */
  readonly printErrors?: boolean;
}

/** What the process may be told to do, with what it answers. */
export interface Acts {
  /** Makes ended spans, `perTick` at a time. */
  burst(args: { name: string; spans: number; perTick?: number; everyMs?: number; text?: number }): object;
  /** The same, then ends the process in this way. */
  burstAndEnd(args: Parameters<Acts["burst"]>[0] & { ending: Ending }): object;
  /** A span with a value that no packing makes small, which is written in pieces. */
  large(args: LargeSpan): { hash: string };
  /** Calls with a history that grows by a message each. */
  converse(args: { name: string; conversation: string; turns: number }): object;
  start(args: { name: string; parent?: string }): object;
  /** Sets an attribute, and answers after so many milliseconds. */
  set(args: { name: string; key: string; value: unknown; waitMs?: number }): object;
  snapshot(args: { name: string }): object;
  end(args: { name: string }): object;
  /** Starts a span, ends it, and ends the process in the same tick. */
  endAndEnd(args: { name: string; ending: Ending }): object;
  flush(args: { timeoutMs?: number }): object;
  close(): object;
  /** Closes the tracer when the process gets SIGTERM. */
  closeOnSignals(): object;
  /** Begins to look how long the event loop is held. */
  watchLoop(): object;
  /** How long it was held since `watchLoop`, but for waits for a processor. */
  hold(): Hold;
  /** Reads rows and a page of spans, again and again, until there are so many. */
  readWhile(args: { path: string; until: number }): { spans: number; isGrowing: boolean };
  /** All states that spans are seen in, over so many looks. */
  states(args: { path: string; times: number }): { states: string[] };
  /** Reads with the tracer itself. */
  find(args: { attributeFilter: Attributes }): { spans: number };
  /** Bytes in use when the garbage is collected. */
  memory(): { heap: number };
  leave(args: { ending: Ending }): object;
}

/** A span with so much text. */
interface LargeSpan {
  readonly name: string;
  readonly bytes: number;
  readonly parent?: { readonly traceId: string; readonly spanId: string };
  /** As a message list. */
  readonly list?: boolean;
  /** Says "midway" between two of its pieces, and stands still until there is this file. */
  readonly waitsFor?: string;
}

/** How a process ends. */
export type Ending = "kill" | "exit" | "throw" | "end";

const { dropAtEnd, printErrors, ...options }: ChildOptions = JSON.parse(process.argv[2] ?? "{}");
const errors: string[] = [];
const tracer = new SqliteTracer({
  ...options,
  onError: ({ code, message }) => {
    errors.push(code);
    if (printErrors) writeSync(1, `${message}\n`);
  },
  process: (span) => !(span.spanName === dropAtEnd && span.attributes["ended"] === true) && undefined,
});
const PIECES_OF_CLAIMS = "SELECT 1 FROM claims JOIN pieces ON pieces.owner = prefix || '/' || claims.id";
const open = new Map<string, Span>();
let held = (): Hold => ({ longestMs: 0, allMs: 0 });

const acts: { [K in keyof Acts]: (args: Parameters<Acts[K]>[0]) => object | Promise<object> } = {
  burst: async (args) => {
    await burst(args);
    // The answer comes with the next tick.
    await turn();
    return {};
  },
  burstAndEnd: async ({ ending, ...args }) => {
    await burst(args);
    return leave(ending);
  },
  large: ({ name, bytes, parent = null, list = false, waitsFor }) => {
    const text = randomBytes(bytes / 2).toString("hex");
    const value = list ? { "ai.llm.request.messages": [{ role: "user", content: text }] } : { value: text };
    tracer.startSpan(name, { parentSpan: parent }).addAttributes(value).end();
    if (waitsFor !== undefined) void standStill(waitsFor);
    return { hash: createHash("sha256").update(text).digest("hex") };
  },
  converse: async ({ name, conversation, turns }) => {
    const history: object[] = [];
    for (let i = 0; i < turns; i++) {
      history.push({ role: "user", content: [{ text: `${i} ${"word ".repeat(160)}` }] });
      const span = tracer.startSpan(name, { parentSpan: null });
      span.addAttributes({ "ai.conversation.id": conversation, "ai.llm.request.messages": history }).end();
      await turn();
    }
    return {};
  },
  start: ({ name, parent }) => {
    const under = parent === undefined ? null : (open.get(parent) ?? null);
    open.set(name, tracer.startSpan(name, { parentSpan: under }));
    return {};
  },
  set: async ({ name, key, value, waitMs = 0 }) => {
    open.get(name)?.addAttribute(key, value);
    if (waitMs > 0) await delay(waitMs);
    // What is due now is done in the turns that follow.
    for (let i = 0; i < 3; i++) await turn();
    return {};
  },
  snapshot: ({ name }) => {
    open.get(name)?.emitSnapshot();
    return {};
  },
  end: ({ name }) => {
    open.get(name)?.addAttribute("ended", true).end();
    return {};
  },
  endAndEnd: ({ name, ending }) => {
    open.get(name)?.addAttribute("ended", true).end();
    return leave(ending);
  },
  flush: async ({ timeoutMs = 30_000 }) => ({ ...counts(await tracer.flush({ timeoutMs })), codes: errors }),
  close: async () => ({ ...counts(await tracer.close()), codes: errors }),
  closeOnSignals: () => {
    closeOnSignals(tracer);
    return {};
  },
  watchLoop: () => {
    held = watchEventLoopAsleep();
    return {};
  },
  hold: () => held(),
  readWhile,
  states: async ({ path, times }) => {
    const states = new Set<string>();
    for (let i = 0; i < times; i++) {
      const file = await openSqliteFile(path);
      for (const { state } of await file.find({})) states.add(state);
      await file.close();
    }
    return { states: [...states] };
  },
  find: async (query) => ({ spans: (await tracer.getTraces(query)).length }),
  memory: () => {
    global.gc?.();
    return { heap: process.memoryUsage().heapUsed };
  },
  leave: ({ ending }) => leave(ending),
};

type Burst = Parameters<Acts["burst"]>[0];

async function burst({ name, spans, perTick = spans, everyMs, text = 10 }: Burst): Promise<void> {
  const filler = "x".repeat(text);
  for (let i = 0; i < spans; i++) {
    tracer.startSpan(name, { parentSpan: null }).addAttributes({ i, text: filler }).end();
    if ((i + 1) % perTick === 0 && i + 1 < spans) await (everyMs === undefined ? turn() : delay(everyMs));
  }
}

async function readWhile({ path, until }: { path: string; until: number }): Promise<object> {
  let isGrowing = true;
  for (let last = 0, cursor: string | undefined; ; ) {
    const file = await openSqliteFile(path);
    const { rows } = await file.summaries({ limit: 20 });
    const found = await file.find({ order: "desc", limit: 20 });
    const changes = await file.changes?.(cursor);
    await file.close();
    cursor = changes?.cursor;
    // After the file's name, a cursor says what was seen.
    const spans = Number(JSON.parse(cursor?.slice(cursor.indexOf("{")) ?? "{}").last);
    isGrowing &&=
      spans >= last && rows.every((row) => row.spans === 1) && found.every(({ state }) => state === "ended");
    if (spans >= until) return { spans, isGrowing };
    last = spans;
    await delay(5);
  }
}

async function standStill(path: string): Promise<void> {
  while (!isMidway()) await turn();
  writeSync(1, "midway\n");
  while (!existsSync(path)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}

/** Some pieces of a value are there, and nobody holds a lock. */
function isMidway(): boolean {
  const connection = sqliteDriver().open(options.path ?? "");
  try {
    connection.exec("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; ROLLBACK");
    return connection.prepare(PIECES_OF_CLAIMS).all().length > 2;
  } catch {
    return false;
  } finally {
    connection.close();
  }
}

function leave(ending: Ending): object {
  if (ending === "kill") process.kill(process.pid, "SIGKILL");
  if (ending === "exit") process.exit(3);
  if (ending === "end") process.disconnect();
  if (ending === "throw") {
    process.nextTick(() => {
      throw new Error("the app failed");
    });
  }
  return {};
}

function counts({ written, pending, dropped, failed }: Awaited<ReturnType<Tracer["flush"]>>): object {
  return { written, pending, dropped, failed };
}

process.on("message", async (message: { id: number; act: keyof Acts; args: never }) => {
  const result = await acts[message.act](message.args);
  if (process.connected) process.send?.({ id: message.id, result });
});
process.send?.({ id: 0 });
