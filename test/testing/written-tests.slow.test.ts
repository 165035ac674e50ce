// `tracelight test` on conversations of the demo: what it writes runs and passes, and fails where the agent is broken.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeDemo } from "../../examples/agent/demo/demo-store.ts";
import { plannedTalks } from "../../examples/agent/demo/talks.ts";
import { modelOf, type Service } from "../../examples/agent/models/services.ts";
import { folder, tracelight, useFolder } from "../cli/command.ts";
import { shareOf } from "../sizes.ts";
import { declared, held } from "./agent-of-tests.ts";
import { sound, TEN_WAYS, type Way } from "./broken-agents.ts";

/** Talks of several turns with sub-agents in which a tool failed: there is something to be broken in each way. */
const TALKS = plannedTalks().flatMap(({ turns, service }, i) => {
  const hasFailedTool = turns.some((words) => /Paint Lab|Rotterdam/.test(words));
  return hasFailedTool && service !== "bedrock" ? [{ id: `trip-${1001 + i}`, service }] : [];
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
  return (given) => way(given, modelOf(service, given.tracer, { fetch: given.fetch, apiKey: "none" }));
}

describe("a test that was written of a conversation of the demo", () => {
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
