// Google's generateContent on the wire.
import type { Fields } from "../../../agents/dialects/dialect.ts";
import { fields } from "../../../agents/dialects/values.ts";
import type { Usage } from "../../../conventions/messages.ts";
import { fieldIn } from "../../../conventions/values.ts";
import {
  event,
  type Failure,
  objectsIn,
  type Said,
  stopOf,
  textOf,
  toolsOf,
  usageOf,
  type Wire,
  wordByWord,
} from "./wire.ts";

export const gemini: Wire = {
  name: "gemini",
  streamType: "text/event-stream",
  isStreamed: ({ url }) => /:streamgeneratecontent/i.test(url),
  whole: (said) => ({
    candidates: candidatesOf(said),
    ...{ usageMetadata: usageOf(said, "gemini", metadata), ...head(said) },
  }),
  pieces: (said) => {
    const candidates = candidatesOf(said);
    const chunk = (candidate: Fields): string => event({ candidates: [candidate], ...head(said) });
    const ends = candidates.map(({ content, ...rest }) => ({
      ...rest,
      content: { ...fields(content), parts: [{ text: "" }] },
    }));
    const usageMetadata = usageOf(said, "gemini", metadata);
    return {
      begun: candidates.flatMap(({ content, index }) =>
        objectsIn(fieldIn(content, "parts"))
          .flatMap(splitPart)
          .map((part) => chunk({ content: { ...fields(content), parts: [part] }, index })),
      ),
      ended: [event({ candidates: ends, usageMetadata, ...head(said) })],
    };
  },
  error: geminiError,
  errorPiece: (failure) => event(geminiError(failure)),
};

function geminiError({ message, status = 500, code, type = "INTERNAL" }: Failure): Fields {
  return { error: { code: typeof code === "number" ? code : status, message, status: type } };
}

function head({ model, id }: Said): Fields {
  return { modelVersion: model, ...(id === undefined ? {} : { responseId: id }) };
}

function candidatesOf(said: Said): readonly Fields[] {
  const isOwn = said.wire === "gemini";
  const several = isOwn ? objectsIn(fieldIn(said.output, "candidates")) : [];
  if (several.length > 0) return several;
  const own = isOwn ? fields(fieldIn(said.output, "message")) : undefined;
  const content = own ?? { role: "model", parts: partsIn(said) };
  return [{ content, finishReason: stopOf(said, "gemini", REASONS), index: 0 }];
}

const REASONS = {
  stop: "STOP",
  length: "MAX_TOKENS",
  "tool-call": "STOP",
  "content-filter": "SAFETY",
} as const;

function partsIn(said: Said): readonly Fields[] {
  const [thought, text] = [textOf(said, "reasoning"), textOf(said, "text")];
  return [
    ...(thought === undefined ? [] : [{ text: thought, thought: true }]),
    ...(text === undefined ? [] : [{ text }]),
    ...toolsOf(said).map(({ id, name, input: args }) => ({ functionCall: { id, name, args } })),
  ];
}

/** A signature stands on the last piece of its part alone. */
function splitPart(part: Fields): Fields[] {
  const { text, thoughtSignature, ...rest } = part;
  if (typeof text !== "string") return [part];
  const words = wordByWord(text);
  return words.map((piece, i) => ({
    ...{ ...rest, text: piece },
    ...(thoughtSignature === undefined || i < words.length - 1 ? {} : { thoughtSignature }),
  }));
}

function metadata({ input = 0, output = 0, cachedRead, reasoning }: Usage): Fields {
  return {
    ...{ promptTokenCount: input, candidatesTokenCount: output - (reasoning ?? 0) },
    totalTokenCount: input + output,
    ...(reasoning === undefined ? {} : { thoughtsTokenCount: reasoning }),
    ...(cachedRead === undefined ? {} : { cachedContentTokenCount: cachedRead }),
  };
}
