// The demo store: the agent itself has a week of talks, in a few seconds, by a clock of its own.
import { rmSync } from "node:fs";
import type { Tracer } from "tracelight";
import { SqliteTracer } from "tracelight/sqlite";
import { modelOf } from "../models/services.ts";
import { inProcess } from "../scripted/in-process.ts";
import { ScriptedModel } from "../scripted/scripted-model.ts";
import { type Pause, travelServices } from "../services.ts";
import { TravelDesk } from "../travel-desk.ts";
import { type PlannedTalk, plannedTalks, RUNNING } from "./talks.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Makes the store anew, with all talks but the one that runs. */
export async function makeDemo(path: string): Promise<void> {
  for (const end of ["", "-wal", "-shm"]) rmSync(path + end, { force: true });
  // All of it has ended when somebody looks.
  const tracer = tracerFor(path, { recordStarts: false });
  const clock = new VirtualClock();
  const service = new ScriptedModel(clock.pause);
  const now = Date.now();
  for (const [i, talk] of plannedTalks().entries()) {
    const id = `trip-${1001 + i}`;
    await clock.run(now - talk.ago, () => have(talk, { id, tracer, service, pause: clock.pause }));
  }
  await tracer.close();
}

function tracerFor(path: string, options: { readonly recordStarts: boolean }): SqliteTracer {
  const tracer = new SqliteTracer({ path, ...options });
  tracer.setContext({ resourceAttributes: { "service.name": "TravelDesk", "service.version": "1.4.0" } });
  return tracer;
}

interface Place {
  readonly id: string;
  readonly tracer: Tracer;
  readonly service: ScriptedModel;
  readonly pause: Pause;
}

async function have(talk: PlannedTalk, place: Place): Promise<void> {
  const { turns, mishap, pauseMs } = talk;
  const desk = deskFor(talk, place);
  for (const [i, words] of turns.entries()) {
    if (i > 0) await place.pause(pauseMs);
    const isLast = i === turns.length - 1;
    if (mishap === "busy" && i === 0) place.service.failNext(429);
    if (mishap === "down" && isLast) place.service.failNext(529, 529, 529);
    const stop = mishap === "stopped" && isLast ? place.pause(STOPPED_AFTER_MS) : undefined;
    await said(desk, words, stop);
  }
}

/** What fails is in the traces. */
async function said(desk: TravelDesk, words: string, stop: Promise<void> | undefined): Promise<void> {
  const stopping = new AbortController();
  void stop?.then(() => stopping.abort());
  await desk.say(words, { signal: stopping.signal }).catch(() => undefined);
}

const STOPPED_AFTER_MS = 3000;

function deskFor(
  { user, service, mishap }: Pick<PlannedTalk, "user" | "service" | "mishap">,
  place: Place,
): TravelDesk {
  const { id: conversationId, tracer, pause } = place;
  const model = modelOf(service, tracer, inProcess(service, place.service));
  const tellsTime = mishap === "tells-time";
  return new TravelDesk({ tracer, model, conversationId, user, services: travelServices(pause), tellsTime });
}

/** The fiftieth talk, which goes on until the signal ends it. */
export async function keepTalking(path: string, pause: Pause, signal: AbortSignal): Promise<void> {
  const tracer = tracerFor(path, { recordStarts: true });
  const place = { id: "trip-1050", tracer, service: new ScriptedModel(pause), pause };
  const desk = deskFor({ user: "dana", service: "anthropic", mishap: undefined }, place);
  try {
    for (let i = 0; ; i++) {
      await desk.say(RUNNING[i % RUNNING.length] ?? "", { signal });
      await pause(BETWEEN_TURNS_MS, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await tracer.close();
  }
}

const BETWEEN_TURNS_MS = 6000;
