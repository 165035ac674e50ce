// A span on one line: what went in, and what went wrong. For the rows of a tree that are on the screen.
import { readSpan } from "../conventions/reading.ts";
import { failureOf } from "../model/failure.ts";
import { isPlain } from "../model/plain.ts";
import { boundedJson } from "../render/text.ts";
import type { Span } from "../tracing/span.ts";
import type { GlanceJson, GlancesJson } from "./api.ts";
import { type Asked, hexIn } from "./asked.ts";
import { badParameter } from "./problems.ts";
import { cut } from "./rows.ts";

/** `GET /api/traces/ID/glances` */
export async function glances(asked: Asked): Promise<GlancesJson> {
  const ids = asked.params("spans").required("spans").split(",");
  if (ids.length > MAX_SPANS) throw badParameter("spans", `at most ${MAX_SPANS} ids`);
  const wanted = ids.map((id) => `"${hexIn(id, 16, "span")}"`).join(", ");
  const found = await asked.reader.find({ traceId: asked.traceId(), where: `span_id in (${wanted})` });
  return { glances: Object.fromEntries(found.map((span) => [span.spanId, glanceJson(span)])) };
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

/** A value on one line: `city: "Rotterdam", days: 1`. Never more work than what is shown. */
export function lineOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value.slice(0, MAX_LINE * 8) : fieldsOf(value);
  return cut(text.replace(/\s+/g, " ").trim(), MAX_LINE);
}

function fieldsOf(value: unknown): string {
  if (typeof value !== "object" || value === null || !isPlain(value)) return boundedJson(value, MAX_LINE + 1);
  const fields: string[] = [];
  let length = 0;
  for (const key of Object.keys(value)) {
    if (length > MAX_LINE) break;
    const field = `${key.slice(0, MAX_LINE)}: ${boundedJson(Reflect.get(value, key), MAX_LINE - length + 1)}`;
    length += field.length + 2;
    fields.push(field);
  }
  return fields.join(", ");
}

const MAX_SPANS = 200;
const MAX_LINE = 160;
