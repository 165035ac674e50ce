// The example agent, recorded through each SDK at the pace of a model, and replayed: `npm run bench -- replay`.
import { setTimeout } from "node:timers/promises";
import { modelOf } from "../build/examples/agent/models/services.js";
import { offline, replayed, run } from "../build/examples/agent/run.js";
import { ScriptedModel } from "../build/examples/agent/scripted/scripted-model.js";
import { localConnection, serve } from "../build/examples/agent/scripted/server.js";
import { travelServices } from "../build/examples/agent/services.js";
import { InMemoryTracer } from "../dist/index.js";
import { replay, replayFetch } from "../dist/testing/replay.js";

const REPLAYS = 20;
/** So many times as fast, at least. */
const BAR = 20;
const inputs = [
  "Is it sunny in Amsterdam, and is there a concert?",
  "Book two seats for the Late Train Trio.",
];

for (const service of ["openai", "anthropic", "bedrock"]) {
  const { spans, ms } = await recorded(service);
  const all = [];
  for (let i = 0; i < REPLAYS; i++) all.push(await replayedMs(service, spans));
  const median = all.sort((a, b) => a - b)[REPLAYS / 2];
  const times = ms / median;
  const verdict = times >= BAR ? "met" : "missed";
  console.log(
    `${service}: recorded in ${ms.toFixed(0)} ms, replayed in ${median.toFixed(1)} ms (${all[0].toFixed(1)} to ${all.at(-1).toFixed(1)}): ${times.toFixed(0)} times as fast, bar ${BAR}: ${verdict}`,
  );
}

async function recorded(service) {
  const pause = (ms, signal) => setTimeout(ms, undefined, { signal });
  const server = await serve(new ScriptedModel(pause));
  const tracer = new InMemoryTracer();
  const model = modelOf(service, tracer, localConnection(service, server));
  const began = performance.now();
  await run({ tracer, inputs, model, services: travelServices(pause) });
  const ms = performance.now() - began;
  server.close();
  return { spans: tracer.getTraces(), ms };
}

async function replayedMs(service, spans) {
  const began = performance.now();
  const recording = await replay(spans);
  const tracer = new InMemoryTracer();
  const given = { tracer, inputs, recording, fetch: replayFetch(recording) };
  await replayed(given, modelOf(service, tracer, offline(service, given)));
  return performance.now() - began;
}
