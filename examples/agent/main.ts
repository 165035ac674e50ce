// `npm run agent`: a talk with the travel desk, traced to the terminal and to an SQLite file. A scripted model answers, on this machine; with
// `-- --provider openai|anthropic|bedrock` that service does, with the key that its SDK finds in the environment.
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { HumanReadableTracer, TeeTracer, type TextTarget, type Tracer } from "tracelight";
import { SqliteTracer } from "tracelight/sqlite";
import type { Model } from "./models/model.ts";
import { isService, modelOf, type Service } from "./models/services.ts";
import { ScriptedModel } from "./scripted/scripted-model.ts";
import { localConnection, serve } from "./scripted/server.ts";
import { type Pause, travelServices } from "./services.ts";
import { TravelDesk } from "./travel-desk.ts";

// The AWS SDK tells every program on Node 20 that it will want Node 22: not in the middle of a talk.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const TALK = [
  "Is it sunny in Amsterdam this weekend, and is there a concert?",
  "Book two seats for the Late Train Trio.",
  "And what is on in Rotterdam for children?",
  "Book three seats for Paint Lab.",
];

/** The talk and the spans on one screen: a span never begins in the middle of a line. */
class Screen implements TextTarget {
  readonly isTTY = process.stdout.isTTY;
  readonly columns = process.stdout.columns;
  #isMidLine = false;

  say(words: string): void {
    process.stdout.write(words);
    this.#isMidLine = !words.endsWith("\n");
  }

  write(text: string): void {
    this.say(this.#isMidLine ? `\n${text}` : text);
  }
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    provider: { type: "string" },
    offline: { type: "boolean" },
    store: { type: "string", default: "traces.db" },
  },
});
const screen = new Screen();
const pause: Pause = (ms, signal) => setTimeout(ms, undefined, { signal });
const tracer = new TeeTracer()
  .addTracer(new SqliteTracer({ path: options.store }))
  // The words are shown as they come: no need to show what runs again and again.
  .addTracer(new HumanReadableTracer({ stream: screen, snapshotEveryMs: 60_000 }));
tracer.setContext({ resourceAttributes: { "service.name": "TravelDesk" } });

try {
  await talk(positionals.length > 0 ? positionals : TALK);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  await tracer.close();
}

async function talk(turns: readonly string[]): Promise<void> {
  const { model, close } = await connected(tracer);
  const conversationId = `trip-${randomUUID().slice(0, 8)}`;
  const desk = new TravelDesk({
    tracer,
    model,
    conversationId,
    user: "dana",
    services: travelServices(pause),
  });
  try {
    for (const words of turns) {
      screen.say(`\n> ${words}\n\n`);
      await desk.say(words, { onText: (text) => screen.say(text) });
      screen.say("\n");
    }
  } finally {
    close();
  }
  screen.say(
    `\nnpx tracelight show ${conversationId} ${options.store}\nnpx tracelight view ${options.store} --open\n`,
  );
}

/** A model, and how to let go of it. */
async function connected(tracer: Tracer): Promise<{ readonly model: Model; readonly close: () => void }> {
  const { provider, offline = provider === undefined } = options;
  const service = serviceOf(provider ?? "openai");
  if (!offline) return { model: modelOf(service, tracer), close: () => undefined };
  const server = await serve(new ScriptedModel(pause));
  return { model: modelOf(service, tracer, localConnection(service, server)), close: server.close };
}

function serviceOf(name: string): Service {
  if (isService(name)) return name;
  throw new Error(`--provider is openai, anthropic or bedrock, not "${name}"`);
}
