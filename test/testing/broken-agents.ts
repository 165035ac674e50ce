// The travel desk, broken in ten ways: what a test of it is to notice.

import { replayTools } from "tracelight/replay";
import type { Answer, Model, Prompt } from "../../examples/agent/models/model.ts";
import { type Given, replayed, run, services } from "../../examples/agent/run.ts";
import type { Services } from "../../examples/agent/services.ts";

/** How a talk is had: with another model, other services, other words. */
export type Way = (given: Given, model: Model) => Promise<unknown>;

export const sound: Way = (given, model) => replayed(given, model);

export const TEN_WAYS: Readonly<Record<string, Way>> = {
  "a tool is not called": answering(withoutCalls),
  "a tool is called twice": answering(({ text, calls }) => ({
    text,
    calls: calls.flatMap((call) => [call, call]),
  })),
  "the input of a tool is another": answering(({ text, calls }) => ({
    text,
    calls: calls.map((call) => ({ ...call, input: elsewhere(call.input) })),
  })),
  "the order is another": (given, model) => replayed({ ...given, inputs: given.inputs.toReversed() }, model),
  "the answer is another": answering(({ text, calls }) => ({
    text: calls.length === 0 ? `${text}!` : text,
    calls,
  })),
  "a word of the prompt is another": asking((prompt) => ({
    ...prompt,
    system: prompt.system.replace("You", "Thou"),
  })),
  "the model is asked once more": (given, model) =>
    replayed(given, async (prompt, listener) => {
      await model(prompt, {});
      return model(prompt, listener);
    }),
  "the error of a tool is swallowed": ({ tracer, inputs, recording }, model) =>
    run({ tracer, inputs, model, services: swallowing(replayTools(recording, services)) }),
  "a sub-agent is left out": (given, model) =>
    replayed(given, async (prompt, listener) =>
      prompt.size === "small" ? { text: "I do not know.", calls: [] } : model(prompt, listener),
    ),
  "the model is another": asking((prompt) => ({
    ...prompt,
    size: prompt.size === "large" ? "small" : "large",
  })),
};

function answering(change: (answer: Answer) => Answer): Way {
  return (given, model) => replayed(given, async (prompt, listener) => change(await model(prompt, listener)));
}

function asking(change: (prompt: Prompt) => Prompt): Way {
  return (given, model) => replayed(given, (prompt, listener) => model(change(prompt), listener));
}

function withoutCalls({ text }: Answer): Answer {
  return { text, calls: [] };
}

/** Services that say nothing of what went wrong. */
function swallowing({ get_weather, search_events, book_tickets }: Services): Services {
  const nothing = () => ({});
  return {
    get_weather: (input) => get_weather(input).catch(nothing),
    search_events: (input) => search_events(input).catch(nothing),
    book_tickets: (input) => book_tickets(input).catch(nothing),
  };
}

/** The first name in it is another one. */
function elsewhere(input: unknown): unknown {
  return JSON.parse(JSON.stringify(input).replace(/\b(?!What|The)[A-Z][a-z]+/, "Nowhere"));
}
