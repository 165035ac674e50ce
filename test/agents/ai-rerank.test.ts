// Rerankings by the Vercel AI SDK: versions 6 and 7 have them, and `registerTracer` hears of them from 7 by its channel.
import * as ai6 from "ai6";
import * as ai7 from "ai7";
import { InMemoryTracer, NAMES } from "tracelight";
import { aiSdk } from "tracelight/ai-sdk";
import { registerTracer } from "tracelight/otel";
import { expect, it, onTestFinished } from "vitest";
import { tree } from "./tree.ts";

/** What is used of the versions, whose types do not know of one another. */
interface Sdk {
  rerank(options: object): Promise<{ readonly rerankedDocuments: readonly unknown[] }>;
}
const sdk = (module: object): Sdk => Object.assign(Object.create(null), module);

const DOCUMENTS = ["Paris is in France.", "Amsterdam has canals."];
const RANKING = [
  { index: 1, relevanceScore: 0.9 },
  { index: 0, relevanceScore: 0.1 },
];

const options = (specificationVersion: string, fails = false) => ({
  model: {
    ...{ specificationVersion, provider: "own", modelId: "ranker-1" },
    doRerank: async () => {
      if (fails) throw new Error("No such model.");
      return { ranking: RANKING };
    },
  },
  ...{ documents: DOCUMENTS, query: "Where are canals?", maxRetries: 0 },
});

const WAYS: Readonly<Record<string, (tracer: InMemoryTracer, fails?: boolean) => ReturnType<Sdk["rerank"]>>> =
  {
    "ai 6": (tracer, fails) =>
      sdk(ai6).rerank({ ...options("v3", fails), experimental_telemetry: aiSdk(tracer) }),
    "ai 7": (tracer, fails) =>
      sdk(ai7).rerank({ ...options("v4", fails), telemetry: { integrations: aiSdk(tracer) } }),
    "ai 7, by its channel": (tracer, fails) => {
      onTestFinished(registerTracer(tracer));
      return sdk(ai7).rerank(options("v4", fails));
    },
  };
/** The operation is a span above that of its request; by the channel there is but one. */
const ABOVE: Readonly<Record<string, readonly string[]>> = { "ai 7, by its channel": [] };

it.each(Object.entries(WAYS))("%s: who ranks, what was given and the order", async (name, rerank) => {
  const tracer = new InMemoryTracer();
  const { rerankedDocuments } = await rerank(tracer);
  expect(rerankedDocuments).toEqual([DOCUMENTS[1], DOCUMENTS[0]]);
  const [above, indent] = [ABOVE[name] ?? ["other rerank"], ABOVE[name] === undefined ? "  " : ""];
  expect(tree(tracer.getTraces())).toEqual([...above, `${indent}retrieval rerank ranker-1`]);
  const call = tracer.getTraces().at(-1);
  expect(call?.attributes).toMatchObject({ [NAMES.provider]: "own", [NAMES.requestModel]: "ranker-1" });
  expect(JSON.stringify(call?.attributes[NAMES.output])).toContain("0.9");
  expect(tracer.openSpans()).toEqual([]);
});

it.each(Object.entries(WAYS))("%s: one that fails", async (_, rerank) => {
  const tracer = new InMemoryTracer();
  await expect(rerank(tracer, true)).rejects.toThrow("No such model.");
  expect(tracer.getTraces().map((span) => span.spanStatus)).toContain("ERROR");
  expect(tracer.openSpans()).toEqual([]);
});
