// How the spans of each adapter end, whatever becomes of a stream, and by what: none is open 5 seconds later. The clock is the test's own, so that nothing
// ends by itself before its time.
import { Agent, Runner, setTraceProcessors, setTracingDisabled } from "@openai/agents-core";
import { OpenAIProvider } from "@openai/agents-openai";
import { createOpenAI } from "ai-sdk-openai4";
import * as ai from "ai7";
import { InMemoryTracer, type Span } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { openAiAgents } from "tracelight/openai-agents";
import { registerTracer } from "tracelight/otel";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { steadyClock } from "../../src/model/timers.ts";
import { KEY, partsOf } from "./clients.ts";
import { collect } from "./collected.ts";
import { type Scenario, StubServer } from "./server.ts";
import { SUBJECTS, type Subject, type SubjectAsk } from "./subjects.ts";

let server: StubServer;
beforeAll(async () => {
  server = await StubServer.start();
});
afterAll(() => server.close());

const real = steadyClock.now;
let now = 0;
beforeEach(() => {
  now = real();
  steadyClock.now = () => now;
});
afterEach(() => {
  steadyClock.now = real;
});

/** What ends a span: what its adapter is told, a stream that nobody reads on, what nobody holds any more, or the service. */
type By = "told" | "idle" | "garbage";
type Way =
  | "left by break"
  | "left by a throw"
  | "never read"
  | "aborted before"
  | "aborted during"
  | "failed";

const DOES: Readonly<Record<Way, Scenario>> = {
  "left by break": "endless",
  "left by a throw": "endless",
  "never read": "endless",
  "aborted before": "silent",
  "aborted during": "hang",
  failed: "fail",
};

const TOLD = { "aborted before": "told", "aborted during": "told", failed: "told" } as const;
const left = (breaks: By, unread: By): Readonly<Record<Way, By>> => ({
  ...{ "left by break": breaks, "left by a throw": breaks, "never read": unread },
  ...TOLD,
});
/** A client that counts its attempts says how one failed, and whether it tries again by doing so. */
const counting: Readonly<Record<Way, By>> = { ...left("told", "idle"), "aborted before": "idle" };

const BY: Readonly<Record<string, Readonly<Partial<Record<Way, By>>>>> = {
  "openai, chat": counting,
  "openai, responses": counting,
  "@anthropic-ai/sdk": counting,
  "groq-sdk": counting,
  "@mistralai/mistralai": left("told", "idle"),
  // These let go of what they read without a word.
  "@google/genai": left("idle", "idle"),
  ollama: left("idle", "idle"),
  // These read ahead of the app, and let go of it without a word.
  "ai 5": left("idle", "idle"),
  "ai 6": left("idle", "idle"),
  "ai 7": left("idle", "idle"),
  // The time is its own: 4 seconds.
  "ai 7, by its channel": { "left by break": "idle", ...TOLD },
  // It tells of each part when it is asked for the next one.
  "@langchain/openai": left("garbage", "garbage"),
  "@aws-sdk/client-bedrock-runtime": left("told", "idle"),
};

const STATUS: Readonly<Record<Way, "aborted" | "ERROR">> = {
  ...{ "left by break": "aborted", "left by a throw": "aborted", "never read": "aborted" },
  ...{ "aborted before": "aborted", "aborted during": "aborted", failed: "ERROR" },
};

/** Asks, does what is to be done with the answer, and gives up what it holds of it. */
async function used(
  subject: Pick<Subject, "ask" | "version" | "readsAll">,
  way: Way,
  given: Partial<SubjectAsk>,
): Promise<void> {
  const abort = new AbortController();
  const does = subject.readsAll === true && DOES[way] === "endless" ? "hang" : DOES[way];
  const url = server.baseUrl(does, subject.version);
  const onPart = (): boolean | undefined => {
    if (way === "left by a throw") throw new Error("the app's own");
    if (way === "aborted during") abort.abort();
    return way === "left by break" ? false : undefined;
  };
  const signal = way.startsWith("aborted") ? { signal: abort.signal } : {};
  const going = subject.ask({
    ...{ tracer: undefined, url, isStreamed: true, isUnread: way === "never read", onPart },
    ...signal,
    ...given,
  });
  if (way === "aborted before") void until(() => server.seenAt(url).length > 0).then(() => abort.abort());
  await going.catch(() => undefined);
  // Some ask only then.
  if (way === "never read") await until(() => server.seenAt(url).length > 0);
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Until none is open, with nothing but that. */
async function ended(tracer: InMemoryTracer, by: By): Promise<void> {
  await until(() => {
    if (by === "idle") now += 5000;
    if (by === "garbage") collect();
    return tracer.openSpans().length === 0;
  });
}

const statusOf = (span: Span): string => (readSpan(span).aborted ? "aborted" : span.spanStatus);
const how = (tracer: InMemoryTracer): string[] => tracer.getTraces().map(statusOf);

describe.each(Object.entries(BY))("%s", (name, ways) => {
  it.each(Object.entries(ways))("%s: ends by what is %s", async (way, by) => {
    const [subject, known] = [SUBJECTS[name] ?? byChannel, WAYS.find((one) => one === way) ?? "failed"];
    const tracer = new InMemoryTracer();
    await used(subject, known, { tracer, idleMs: 100 });
    await ended(tracer, by);
    expect(how(tracer)).toEqual(tracer.getTraces().map(() => STATUS[known]));
    expect(how(tracer).length).toBeGreaterThan(0);
  });
});

/** Where nothing but `registerTracer` is on. */
const byChannel: Pick<Subject, "ask" | "readsAll"> = {
  ask: ({ tracer, url, signal, ...asked }) => {
    if (tracer !== undefined) onTestFinished(registerTracer(tracer));
    const model = createOpenAI({ baseURL: url, apiKey: KEY }).chat("stub-1");
    const also = signal === undefined ? {} : { abortSignal: signal };
    const { fullStream } = ai.streamText({
      ...{ model, prompt: "Hello", maxRetries: 0, onError: () => undefined },
      ...also,
    });
    return partsOf(fullStream, asked);
  },
};

/** The Agents SDK tells of each end by itself, and of agents and cycles only that they are over. What nobody reads it reads to its end. */
const byAgents: Pick<Subject, "ask"> = {
  ask: async ({ tracer, url, signal, ...asked }) => {
    setTracingDisabled(false);
    setTraceProcessors(tracer === undefined ? [] : [openAiAgents(tracer)]);
    onTestFinished(() => setTraceProcessors([]));
    const provider = new OpenAIProvider({ baseURL: url, apiKey: KEY, useResponses: false });
    const agent = new Agent({ name: "Forecaster", model: await provider.getModel("stub-1") });
    const also = signal === undefined ? {} : { signal };
    const answer = await new Runner().run(agent, "Hello", { stream: true, ...also });
    // It tells of what failed twice.
    answer.completed.catch(() => undefined);
    return partsOf(answer, asked);
  },
};

const SAYS: ReadonlySet<string> = new Set(["turn", "model-call"]);
const BY_AGENTS: Readonly<Partial<Record<Way, By>>> = {
  ...{ "left by break": "told", "left by a throw": "told" },
  ...TOLD,
};

describe("@openai/agents", () => {
  it.each(Object.entries(BY_AGENTS))("%s: ends by what is %s", async (way, by) => {
    const known = WAYS.find((one) => one === way) ?? "failed";
    const tracer = new InMemoryTracer();
    await used(byAgents, known, { tracer });
    await ended(tracer, by);
    const said = tracer.getTraces().filter((span) => SAYS.has(readSpan(span).kind));
    expect(said.map(statusOf)).toEqual([STATUS[known], STATUS[known]]);
  });
});

const WAYS: readonly Way[] = [
  "left by break",
  "left by a throw",
  "never read",
  "aborted before",
  "aborted during",
  "failed",
];
