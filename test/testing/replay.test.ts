// A recording answers what was recorded, through the real clients: what the app gets and what is traced are the same, offline.

import { InMemoryTracer, type Tracer } from "tracelight";
import { tracedFetch } from "tracelight/fetch";
import { type Recording, replay, replayFetch } from "tracelight/replay";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TraceView } from "../../src/testing/assertions/view.ts";
import { goldenSteps } from "../../src/testing/golden/normal.ts";
import { CLIENTS, type Client } from "../agents/clients.ts";
import { portrait } from "../agents/portrait.ts";
import { type Scenario, StubServer } from "../agents/server.ts";

let server: StubServer;
beforeAll(async () => {
  server = await StubServer.start();
});
afterAll(() => server.close());

/** A situation: what the services do, and what is asked for. */
interface Row {
  readonly does: Scenario;
  readonly isStreamed?: boolean;
  readonly isTurn?: boolean;
  readonly also?: "image" | "object";
}

const streamedToo = (name: string, row: Row): [string, Row][] => [
  [name, row],
  [`${name}, streamed`, { ...row, isStreamed: true }],
];

const ROWS: readonly [string, Row][] = [
  ...streamedToo("plain", { does: "say" }),
  ...streamedToo("parallel tools, and the answer", { does: "talk", isTurn: true }),
  ...streamedToo("reasoning", { does: "think" }),
  ...streamedToo("cached", { does: "cached" }),
  ["structured output", { does: "object", also: "object" }],
  ["about a picture", { does: "say", also: "image" }],
  ["refused", { does: "refused" }],
  ["failed underway", { does: "fail", isStreamed: true }],
];

/** Asks as an app does, in one trace, and gives what it is given. */
async function work(client: Client, row: Row, tracer: Tracer, given: { url: string; fetch: typeof fetch }) {
  const ask = (more: object = {}) =>
    client({
      ...{ url: given.url, fetch: tracedFetch(tracer, { fetch: given.fetch }), maxRetries: 0 },
      ...{ isStreamed: row.isStreamed === true, also: row.also, ...more },
    }).catch((error: unknown) => ({ thrown: String(Object(error).message).replace(KEYS, "<key>") }));
  return tracer.trace("work", async () => {
    const first = await ask();
    return row.isTurn === true ? [first, await ask({ hasResults: true })] : [first];
  });
}

/** None is recorded. */
const KEYS = /(?:Bearer )?sk-[\w-]+|\[redacted\](?: \[redacted\])?/g;

const offline = () => Promise.reject(new Error("the network was asked"));
const steps = (tracer: InMemoryTracer) => goldenSteps(new TraceView(tracer.getTraces(), {}), {});

async function replayed(client: Client, row: Row, recording: Recording, url: string) {
  const tracer = new InMemoryTracer();
  const app = await work(client, row, tracer, { url, fetch: replayFetch(recording, { fetch: offline }) });
  return { app, steps: steps(tracer) };
}

describe.each(Object.entries(CLIENTS))("%s", (name, client) => {
  // Mistral's client takes no calls of tools in pieces, which the stub gives it.
  const rows = ROWS.filter(([, row]) => !(name.includes("mistral") && row.isTurn && row.isStreamed));
  it.each(rows)("%s: the same answers, the same trace", async (_what, row) => {
    const tracer = new InMemoryTracer();
    const url = server.baseUrl(row.does);
    const app = await work(client, row, tracer, { url, fetch });
    const asked = server.seenAt(url).length;
    const recording = await replay(tracer.getTraces());
    const again = await replayed(client, row, recording, url);
    expect(again.steps).toEqual(steps(tracer));
    expect(said(again.app)).toEqual(said(app));
    expect([recording.left, recording.misses]).toEqual([0, []]);
    expect(server.seenAt(url)).toHaveLength(asked);
  });
});

/** How a stream is cut into pieces is nobody's business: what grows is joined, of all else each value is there once. */
function said(app: readonly unknown[]): unknown {
  return app.map((one) => (Array.isArray(one) ? gathered(one) : settled(portrait(one))));
}

function gathered(parts: readonly unknown[]): unknown {
  const texts: Record<string, string> = {};
  const values: Record<string, Set<string>> = {};
  const visit = (value: unknown, path: string, key: string): void => {
    if (NOT_COMPARED.has(key) || value === null || value === undefined) return;
    if (typeof value === "string" && GROWING.has(key)) texts[path] = (texts[path] ?? "") + value;
    else if (typeof value !== "object") values[path] = new Set([...(values[path] ?? []), String(value)]);
    else for (const [name, one] of Object.entries(value)) visit(one, `${path}.${name}`, name);
  };
  for (const part of parts) visit(part, "", "");
  return { texts, values };
}

function settled(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, one: unknown) => (NOT_COMPARED.has(key) ? undefined : one)) ?? "null",
  );
}

const GROWING = new Set([
  ...["content", "text", "thinking", "delta", "partial_json", "reasoning_content", "arguments"],
]);
/** What is of a time or of the line; what OpenAI says back of a request, and the stub does not. */
const NOT_COMPARED = new Set([
  ...["instructions", "tools"],
  ...[
    "created",
    "created_at",
    "createdAt",
    "sequence_number",
    "sequenceNumber",
    "sdkHttpResponse",
    "headers",
  ],
]);
