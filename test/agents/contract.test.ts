// The contract that all adapters keep, each with its real SDK against a server that speaks its service's wire: spans are as in `expected/`, and the app
// and the service see what they see without tracing. After a change that is wanted: `npx vitest run test/agents/contract.test.ts -u`.
import { InMemoryTracer, type TracelightError } from "tracelight";
import { readSpan } from "tracelight/conventions";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PLANTED } from "./clients.ts";
import { collected } from "./collected.ts";
import { FIRST, LAST, QUESTION, SYSTEM } from "./conversation.ts";
import { portrait, written } from "./portrait.ts";
import { type Scenario, type Seen, StubServer } from "./server.ts";
import { SUBJECTS, type Subject, type SubjectAsk } from "./subjects.ts";

let server: StubServer;
beforeAll(async () => {
  server = await StubServer.start();
});
afterAll(() => server.close());

interface Row extends Pick<SubjectAsk, "also" | "maxRetries" | "isUnread" | "isLoop"> {
  readonly does: Scenario;
  readonly isStreamed?: boolean;
  readonly aborts?: "before" | "during";
  readonly isLeft?: boolean;
  /** How its model calls end. */
  readonly ends?: "ERROR" | "aborted";
}

const streamed = { isStreamed: true };
const ROWS: Readonly<Record<string, Row>> = {
  plain: { does: "say" },
  streamed: { does: "say", ...streamed },
  "parallel tools": { does: "talk" },
  "parallel tools, streamed": { does: "talk", ...streamed },
  "a loop of tools": { does: "talk", isLoop: true },
  "a loop of tools, streamed": { does: "talk", isLoop: true, ...streamed },
  "structured output": { does: "object", also: "object" },
  "429 and retry": { does: "busy", maxRetries: 1 },
  "out of order, 500": { does: "broken", ends: "ERROR" },
  malformed: { does: "malformed" },
  "aborted before the answer": { does: "silent", aborts: "before", ends: "aborted" },
  "aborted before the stream": { does: "silent", aborts: "before", ends: "aborted", ...streamed },
  "aborted during the stream": { does: "hang", aborts: "during", ends: "aborted", ...streamed },
  abandoned: { does: "hang", isLeft: true, ends: "aborted", ...streamed },
  "never read": { does: "hang", isUnread: true, ends: "aborted", ...streamed },
  "cut off": { does: "cut", ends: "ERROR", ...streamed },
  "failed underway": { does: "fail", ends: "ERROR", ...streamed },
  "empty deltas": { does: "empty", ...streamed },
  reasoning: { does: "think" },
  "reasoning, streamed": { does: "think", ...streamed },
  images: { does: "say", also: "image" },
  caching: { does: "cached" },
  "caching, streamed": { does: "cached", ...streamed },
};

const FIRST_CHUNK = /^.*time_to_first_chunk.*\n/gm;

/** Asks, and gives what the app and the service saw. */
async function asked(subject: Subject, row: Row, tracer: InMemoryTracer | undefined) {
  const url = server.baseUrl(row.does, subject.version);
  const abort = new AbortController();
  const { also, maxRetries = 0, isUnread = false, isStreamed = false } = row;
  const one = (more: Partial<SubjectAsk>) =>
    subject.ask({
      // On a busy machine nobody is idle.
      ...{ tracer, url, isStreamed, also, maxRetries, isUnread, idleMs: 60_000 },
      ...(row.aborts === undefined ? {} : { signal: abort.signal }),
      onPart: () => {
        if (row.aborts === "during") abort.abort();
        return row.isLeft === true ? false : undefined;
      },
      ...more,
    });
  const again = () => (maxRetries > 0 && !subject.retries ? one({}).catch(() => one({})) : one({}));
  const turn = () =>
    subject.loops === true
      ? one({ isLoop: true })
      : one({}).then(async (first) => [first, await one({ hasResults: true })]);
  const work = row.isLoop === true ? turn : again;
  const going = tracer === undefined ? work() : tracer.trace("work", work);
  if (row.aborts === "before") void untilSeen(url).then(() => abort.abort());
  const app = await going.then(portrait, (error: unknown) => ({ thrown: portrait(error) }));
  return { app, service: server.seenAt(url).map(stable) };
}

async function untilSeen(url: string): Promise<void> {
  while (server.seenAt(url).length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Without what is signed anew at each request. */
function stable({ headers, ...seen }: Seen): object {
  const kept = Object.entries(headers).filter(
    ([name]) => !/^(?:authorization|amz-sdk-|x-amz-date|:path)/.test(name),
  );
  return { ...seen, headers: Object.fromEntries(kept) };
}

describe.each(Object.entries(SUBJECTS))("%s", (name, subject) => {
  it("keeps the contract", async () => {
    const rows = Object.entries(ROWS).filter(([what, row]) => {
      // Mistral's client leaves a rejection of its own unhandled where an answer is no JSON.
      if (what === "malformed") return name !== "@mistralai/mistralai";
      return subject.readsOn !== true || (row.isLeft !== true && row.isUnread !== true);
    });
    const errors: TracelightError[] = [];
    const tracers = rows.map(() => new InMemoryTracer({ onError: (error) => errors.push(error) }));
    const seen = await Promise.all(
      rows.map(async ([, row], i) => [
        await asked(subject, row, tracers[i]),
        await asked(subject, row, undefined),
      ]),
    );
    await collected(...tracers);
    expect(errors).toEqual([]);
    const all = rows.map(([what, row], i) => {
      const [traced, plain] = seen[i] ?? [];
      expect.soft(traced, what).toEqual(plain);
      const spans = tracers[i]?.getTraces() ?? [];
      expect.soft(JSON.stringify(spans.map((span) => span.toJSON())), what).not.toContain(PLANTED);
      const calls = spans.filter((span) => readSpan(span).kind === "model-call");
      expect.soft(calls.length, what).toBeGreaterThan(0);
      const ends = what === "cut off" && subject.hidesCuts === true ? "aborted" : row.ends;
      for (const call of ends === undefined ? [] : calls)
        expect.soft([what, readSpan(call).aborted ? "aborted" : call.spanStatus]).toEqual([what, ends]);
      const text = written(spans);
      // LangChain tells of a part when it is asked for the next one: whether it does on leaving differs by the version of Node.
      return `## ${what}\n\n${ends === "aborted" ? text.replace(FIRST_CHUNK, "") : text}\n`;
    });
    await expect(all.join("")).toMatchFileSnapshot(
      `expected/${name.replace(/\W+/g, "-").replace(/^-/, "")}.txt`,
    );
  });

  it.each(["metadata" as const, () => "hidden"])("keeps what is to be kept: %s", async (capture) => {
    const tracer = new InMemoryTracer();
    const url = server.baseUrl("talk", subject.version);
    await subject.ask({ tracer, url, capture, isStreamed: false, isLoop: true });
    await collected(tracer);
    const kept = JSON.stringify(tracer.getTraces().map((span) => span.toJSON()));
    for (const words of [QUESTION, SYSTEM, FIRST.text, LAST.text, "Amsterdam"])
      expect(kept).not.toContain(words);
    expect(kept.includes("hidden")).toBe(capture !== "metadata");
    expect(kept).toContain("stub-1");
  });
});
