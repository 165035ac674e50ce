// The example agent, recorded once through each SDK, and replayed twenty times: the same calls and traces, and nobody is asked.
import { InMemoryTracer } from "tracelight";
import { replay, replayFetch } from "tracelight/replay";
import { describe, expect, it } from "vitest";
import { modelOf, type Service } from "../../examples/agent/models/services.ts";
import { offline, replayed, run, services } from "../../examples/agent/run.ts";
import { ScriptedModel } from "../../examples/agent/scripted/scripted-model.ts";
import { localConnection, serve } from "../../examples/agent/scripted/server.ts";
import { TraceView } from "../../src/testing/assertions/view.ts";
import { goldenSteps } from "../../src/testing/golden/normal.ts";

const INPUTS = [
  "Is it sunny in Amsterdam this weekend, and is there a concert?",
  "Book three seats for Paint Lab.",
  "Plan a day in Rotterdam for me",
];
const TIMES = 20;

/** What was done, and what came of it. */
function told(tracer: InMemoryTracer, answers: readonly string[]) {
  return { answers, steps: goldenSteps(new TraceView(tracer.getTraces(), {}), {}) };
}

async function recorded(service: Service) {
  const server = await serve(new ScriptedModel(async () => undefined));
  const tracer = new InMemoryTracer();
  const model = modelOf(service, tracer, localConnection(service, server));
  const answers = await run({ tracer, inputs: INPUTS, model, services });
  // Whoever asks it from now on fails.
  server.close();
  return { spans: tracer.getTraces(), told: told(tracer, answers) };
}

const refused = () => Promise.reject(new Error("the network was asked"));

describe.each(["openai", "anthropic", "bedrock"] as const)("through %s", (service) => {
  it(`${TIMES} replays are what was recorded, offline`, async () => {
    const once = await recorded(service);
    expect(once.told.steps.length).toBeGreaterThan(20);
    for (let i = 0; i < TIMES; i++) {
      const recording = await replay(once.spans);
      const tracer = new InMemoryTracer();
      const given = { tracer, inputs: INPUTS, recording, fetch: replayFetch(recording, { fetch: refused }) };
      const answers = await replayed(given, modelOf(service, tracer, offline(service, given)));
      expect(told(tracer, answers)).toEqual(once.told);
      expect([recording.left, recording.misses]).toEqual([0, []]);
    }
  });
});
