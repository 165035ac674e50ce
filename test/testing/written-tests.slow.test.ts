// `tracelight test` on conversations of the demo: what it writes runs and passes, and fails where the agent is broken.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { keepTalking, makeDemo } from "../../examples/agent/demo/demo-store.ts";
import { plannedTalks } from "../../examples/agent/demo/talks.ts";
import { modelOf, type Service } from "../../examples/agent/models/services.ts";
import { offline } from "../../examples/agent/run.ts";
import type { Pause } from "../../examples/agent/services.ts";
import { folder, tracelight, useFolder } from "../cli/command.ts";
import { shareOf } from "../sizes.ts";
import { declared, held } from "./agent-of-tests.ts";
import { sound, TEN_WAYS, type Way } from "./broken-agents.ts";

/** Talks of several turns with sub-agents in which a tool failed: there is something to be broken in each way. */
const TALKS = plannedTalks().flatMap(({ turns, service }, i) => {
  const hasFailedTool = turns.some((words) => /Paint Lab|Rotterdam/.test(words));
  return hasFailedTool ? [{ id: `trip-${1001 + i}`, service }] : [];
});

useFolder();
beforeAll(() => makeDemo(join(folder, "demo.db")));

/** The test that was written of a conversation, as a function. */
async function writtenFor(id: string): Promise<() => Promise<void>> {
  const file = join(folder, `${id}.test.ts`);
  const { code, stderr } = await tracelight([
    "test",
    id,
    "demo.db",
    "--out",
    file,
    "--agent",
    HELD,
    "--force",
  ]);
  expect([code, stderr]).toEqual([0, `The cassette is ${id}.jsonl.\n`]);
  writeFileSync(file, readFileSync(file, "utf8").replace('from "vitest"', `from "${HELD}"`));
  await import(file);
  const written = declared.pop();
  if (written === undefined) throw new Error(`${file} declares no test`);
  return written;
}

const HELD = join(import.meta.dirname, "agent-of-tests.ts");

/** Has the talk in that way. */
function agent(service: Service, way: Way): typeof held.run {
  return (given) => way(given, modelOf(service, given.tracer, offline(service, given)));
}

describe("the demo", () => {
  /** How many conversations have such a span. */
  const count = async (where: string): Promise<number> => {
    const { stdout } = await tracelight([
      "ls",
      "demo.db",
      "-n",
      "60",
      "--json",
      ...(where === "" ? [] : ["--where", where]),
    ]);
    return stdout.split("\n").length - 1;
  };

  it.each([
    ["conversations, beside the one that runs", "", 49],
    ["with a tool that failed", 'ai.trace.type = "tool-invocation" and span_status = "ERROR"', 12],
    ["whose service refused for good", 'ai.trace.type = "converse" and span_status = "ERROR"', 2],
    ["whose service refused once", "http.request.resend_count = 1", 2],
    ["that were called off", "ai.conversation.aborted = true", 1],
    ["that were summed up", 'ai.trace.type = "agent" and ai.agent.name = "historian"', 1],
  ])("has those %s", async (_what, where, times) => expect(await count(where)).toBe(times));

  it("spans a week, and has lost the provider's cache by a prompt that tells the time", async () => {
    const { stdout } = await tracelight(["stats", "demo.db", "--json"]);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ by }) => by === "day").length).toBeGreaterThanOrEqual(7);
    expect(lines.at(-1).causes).toMatchObject([{ cause: "system", conversations: 3 }]);
  });

  it("has one that runs, until it is ended", async () => {
    const stopping = new AbortController();
    let searches = () => {};
    const isSearching = new Promise<void>((resolve) => {
      searches = resolve;
    });
    const pause: Pause = (ms, signal) => {
      if (ms !== SEARCH_MS) return Promise.resolve();
      searches();
      return waits(signal);
    };
    const talking = keepTalking(join(folder, "demo.db"), pause, stopping.signal);
    await isSearching;
    expect(await states()).toEqual(["running"]);
    stopping.abort();
    await talking;
    expect(await states()).toEqual(["ended"]);
  });
});

/** What becomes of the fiftieth. */
async function states(): Promise<string[]> {
  const { stdout } = await tracelight([
    "ls",
    "demo.db",
    "-n",
    "1",
    "--json",
    "--where",
    'ai.conversation.id = "trip-1050"',
  ]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).state);
}

/** So long the search for events takes. */
const SEARCH_MS = 2600;

function waits(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
}

describe("a test that was written of a conversation of the demo", () => {
  it("is there for ten", () => expect(TALKS).toHaveLength(10));

  it.each(TALKS.map((talk, i) => ({ ...talk, i })))("$id: it passes, and fails in ten ways", async (talk) => {
    const written = await writtenFor(talk.id);
    held.run = agent(talk.service, sound);
    await written();
    for (const [name, way] of shareOf(Object.entries(TEN_WAYS), talk.i, TALKS.length)) {
      held.run = agent(talk.service, way);
      await expect(written(), name).rejects.toThrow();
    }
  });
});
