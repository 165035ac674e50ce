// Two model calls, or two traces or conversations, side by side.
import type { CompareJson } from "../conventions/compare/json-forms.ts";
import { comparedCallsJson, comparedStepsJson } from "../render/compare-json.ts";
import { compareIn, type Subject } from "../tracing/comparing.ts";
import type { StoreReader } from "../tracing/readable.ts";
import type { Asked } from "./asked.ts";
import { findConversation } from "./conversation.ts";
import { badParameter, notFound, Problem } from "./problems.ts";

/** `GET /api/compare` */
export async function compare(asked: Asked): Promise<CompareJson> {
  const params = asked.params("a", "b");
  const { reader, prices } = asked;
  const a = await subjectOf(params.required("a"), reader);
  const b = await subjectOf(params.required("b"), reader);
  const found = await compareIn(reader, { a, b, prices });
  switch (found.kind) {
    case "calls":
      return comparedCallsJson(found.compared);
    case "steps":
      return comparedStepsJson(found.compared, found);
    case "missing":
      throw notFound(`There is no such trace, conversation or call here: ${found.side}.`);
    case "unlike":
      throw badParameter("b", "a call where a is one, and none where a is none");
  }
}

/** `TRACE`, `TRACE/SPAN`, `KEY`, or `KEY#7`: the seventh call of a conversation. */
async function subjectOf(text: string, reader: StoreReader): Promise<Subject> {
  const [, traceId, spanId] = /^([0-9a-f]{32})(?:\/([0-9a-f]{16}))?$/i.exec(text) ?? [];
  if (traceId !== undefined) {
    const call = spanId === undefined ? undefined : { spanId: spanId.toLowerCase() };
    return { by: "trace", id: traceId.toLowerCase(), call };
  }
  const [, key, number] = /^(.*)#(\d{1,9})$/s.exec(text) ?? [];
  const whole = await conversationOf(text, reader);
  if (whole !== undefined || key === undefined) return { by: "conversation", id: whole ?? text };
  const id = await conversationOf(key, reader);
  return { by: "conversation", id: id ?? key, call: { number: Number(number) } };
}

async function conversationOf(key: string, reader: StoreReader): Promise<unknown> {
  try {
    return (await findConversation(key, reader)).id;
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}
