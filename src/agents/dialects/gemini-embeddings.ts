// Google's embeddings: `embedContent` and `batchEmbedContents` of Gemini's API and of Vertex, and `predict` of Vertex's older models.
import { countIn, fieldIn, wordsIn } from "../../conventions/values.ts";
import type { Asked, Dialect } from "./dialect.ts";
import { fields, isFields, list, without } from "./values.ts";

export const geminiEmbeddings: Dialect = {
  operation: "embeddings",
  provider: "google",
  asked: (body, path) => {
    const model = /models\/([^/:]+)/.exec(path)?.[1];
    const asked = askedIn(body);
    // Others predict pictures, and what else there is.
    const isOther = /:predict\/?$/i.test(path) && model?.includes("embedding") !== true;
    return asked === undefined || isOther ? undefined : { model, ...asked };
  },
  answered: (answer) => ({
    usage: fields(fieldIn(answer, "usageMetadata")) ?? counted(list(fieldIn(answer, "predictions"))),
    error: fieldIn(answer, "error") ?? undefined,
  }),
  // Nobody streams them.
  assembler: () => ({ add: () => false, answer: () => undefined, end: undefined }),
};

function askedIn(body: object): Asked | undefined {
  const content = fieldIn(body, "content");
  if (content !== undefined) return { messages: [content], config: without(body, "content", "model") };
  const [requests, instances] = [list(fieldIn(body, "requests")), list(fieldIn(body, "instances"))];
  const [first] = requests;
  if (isFields(first))
    return {
      messages: requests.map((one) => fieldIn(one, "content")),
      config: without(first, "content", "model"),
    };
  return instances.length === 0
    ? undefined
    : {
        messages: instances.map((one) => wordsIn(fieldIn(one, "content")) ?? one),
        config: fields(fieldIn(body, "parameters")),
      };
}

/** Vertex counts the tokens of each text. */
function counted(predictions: readonly unknown[]): object | undefined {
  const counts = predictions.flatMap(
    (one) => countIn(fieldIn(fieldIn(fieldIn(one, "embeddings"), "statistics"), "token_count")) ?? [],
  );
  return counts.length === 0
    ? undefined
    : { promptTokenCount: counts.reduce((sum, count) => sum + count, 0) };
}
