// A span on one line: what went in, and what went wrong. For the rows of a tree that are on the screen.
import { readSpan } from "../conventions/reading.ts";
import { failureOf } from "../model/failure.ts";
import { lineOf } from "../render/line.ts";
import type { Span } from "../tracing/span.ts";
import type { GlanceJson, GlancesJson } from "./api.ts";
import { type Asked, hexIn } from "./asked.ts";
import { badParameter } from "./problems.ts";

/** `GET /api/traces/ID/glances` */
export async function glances(asked: Asked): Promise<GlancesJson> {
  const ids = asked.params("spans").required("spans").split(",");
  if (ids.length > MAX_SPANS) throw badParameter("spans", `at most ${MAX_SPANS} ids`);
  const wanted = ids.map((id) => `"${hexIn(id, 16, "span")}"`).join(", ");
  const found: [string, GlanceJson][] = [];
  const query = { traceId: asked.traceId(), where: `span_id in (${wanted})` };
  for await (const span of asked.reader.iterate(query)) found.push([span.spanId, glanceJson(span)]);
  return { glances: Object.fromEntries(found) };
}

function glanceJson(span: Span): GlanceJson {
  const { kind, input, title } = readSpan(span);
  const error = failureOf(span);
  const text = kind === "model-call" ? undefined : (title ?? lineOf(input));
  return {
    text: text === undefined || text === "" ? null : text,
    error: error === undefined ? null : lineOf(error),
  };
}

const MAX_SPANS = 200;
