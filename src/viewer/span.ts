// One span: its reading and its record without large values; and these, part by part.

import { type BillLine, linesOfCall } from "../conventions/cost.ts";
import { factsOf } from "../conventions/facts.ts";
import { isoMicros } from "../model/clock.ts";
import { encodeRecord } from "../model/record.ts";
import { findSpan } from "../tracing/found.ts";
import type { Span } from "../tracing/span.ts";
import type { SpanJson, ValueJson } from "./api.ts";
import type { Asked } from "./asked.ts";
import { textOf } from "./large.ts";
import { imageAnswer } from "./media.ts";
import { partAt, valueAt } from "./pointers.ts";
import { notFound } from "./problems.ts";
import { readingJson } from "./readings.ts";

/** `GET /api/traces/ID/spans/ID` */
export async function span(asked: Asked): Promise<SpanJson> {
  asked.params();
  const found = await spanIn(asked);
  const { startedAtMicros: start, endedAtMicros: end } = found;
  const bill = linesOfCall({ span: found, facts: factsOf(found) }, asked.prices);
  return {
    trace_id: found.traceId,
    span_id: found.spanId,
    started_at: isoMicros(start),
    ended_at: end === undefined ? null : isoMicros(end),
    duration_ms: end === undefined ? null : (end - start) / 1000,
    state: found.state,
    reading: readingJson(found, asked.bounds().of(found.spanId)),
    bill:
      bill?.map(({ part, tokens, priceUsd, costUsd }) => ({
        ...{ part: PARTS[part], tokens, price_usd: priceUsd, cost_usd: costUsd },
      })) ?? null,
    cost_usd: bill === undefined ? null : bill.reduce((sum, { costUsd }) => sum + costUsd, 0),
    record: asked.bounds().of(found.spanId).showJson(encodeRecord(found), "/record"),
  };
}

/** The span in the path. */
async function spanIn(asked: Asked): Promise<Span> {
  const found = await findSpan(asked.reader, { traceId: asked.traceId(), spanId: asked.spanId() });
  if (found === undefined) throw notFound("There is no such span here.");
  return found;
}

/** `GET /api/traces/ID/spans/ID/value` */
export async function value(asked: Asked): Promise<ValueJson> {
  const params = asked.params("path", "offset", "length");
  const path = params.required("path");
  const offset = params.count("offset", { least: 0, most: Number.MAX_SAFE_INTEGER, or: 0 });
  const length = params.count("length", { most: 1_000_000, or: 100_000 });
  const json = valueAt(await spanIn(asked), path);
  if (json === undefined) throw notFound("The span has no value at that path.");
  const text = textOf(json);
  const end = wholeCharacters(text, offset + length);
  return {
    path,
    type: typeof json === "string" ? "text" : "json",
    ...{ size: text.length, offset, text: text.slice(offset, end) },
    next: end < text.length ? end : null,
  };
}

/** No part ends within a character. */
function wholeCharacters(text: string, end: number): number {
  const isHalf = /[\ud800-\udbff]/.test(text.charAt(end - 1)) && /[\udc00-\udfff]/.test(text.charAt(end));
  return isHalf ? end + 1 : end;
}

/** `GET /api/traces/ID/spans/ID/media` */
export async function media(asked: Asked): Promise<Response> {
  const path = asked.params("path").required("path");
  const part = partAt(await spanIn(asked), path);
  const answer = part === undefined ? undefined : imageAnswer(part);
  if (answer === undefined) throw notFound("The span has no image at that path.");
  return answer;
}

/** What a bill calls the parts of a price. */
const PARTS: Readonly<Record<BillLine["part"], string>> = {
  ...{ input: "input", output: "output", reasoning: "reasoning", perCall: "call" },
  ...{ cachedRead: "cached_read", cachedWrite: "cached_write" },
  ...{ inputAudio: "input_audio", inputImage: "input_image" },
  ...{ outputAudio: "output_audio", outputImage: "output_image" },
};
