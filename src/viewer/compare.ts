// Two model calls, or two traces or conversations, side by side.
import { comparedCallsJson } from "../render/compare-json.ts";
import { compareIn, type Subject } from "../tracing/comparing.ts";
import type { StoreReader } from "../tracing/readable.ts";
import type { CompareJson } from "./api/compare.ts";
import type { Asked } from "./asked.ts";
import { comparedColumns } from "./compared-columns.ts";
import { type Found, findConversation } from "./conversation.ts";
import { badParameter, notFound, Problem } from "./problems.ts";

/** `GET /api/compare` */
export async function compare(asked: Asked): Promise<CompareJson> {
  const params = asked.params("a", "b");
  const { reader, prices } = asked;
  // Mostly both are calls of one conversation.
  const known = new Map<string, Promise<Found | undefined>>();
  const find: Find = (key) => {
    const found = known.get(key) ?? conversationOf(key, reader);
    known.set(key, found);
    return found;
  };
  const a = await subjectOf(params.required("a"), find);
  const b = await subjectOf(params.required("b"), find);
  const found = await compareIn(reader, { a, b, prices });
  switch (found.kind) {
    case "calls":
      return comparedCallsJson(found.compared);
    case "steps":
      return comparedColumns(found);
    case "missing":
      throw notFound(`There is no such trace, conversation or call here: ${found.side}.`);
    case "unlike":
      throw badParameter("b", "a call where a is one, and none where a is none");
  }
}

/** `TRACE`, `TRACE/SPAN`, `KEY`, or `KEY#7`: the seventh call of a conversation. */
async function subjectOf(text: string, find: Find): Promise<Subject> {
  const [, traceId, spanId] = /^([0-9a-f]{32})(?:\/([0-9a-f]{16}))?$/i.exec(text) ?? [];
  if (traceId !== undefined) {
    const call = spanId === undefined ? undefined : { spanId: spanId.toLowerCase() };
    return { by: "trace", id: traceId.toLowerCase(), call };
  }
  const [, key, number] = /^(.*)#(\d{1,9})$/s.exec(text) ?? [];
  const whole = await find(text);
  if (whole !== undefined || key === undefined) return { by: "conversation", id: text, ...whole };
  return { by: "conversation", id: key, ...(await find(key)), call: { number: Number(number) } };
}

/** Finds a conversation by its key. */
type Find = (key: string) => Promise<Found | undefined>;

async function conversationOf(key: string, reader: StoreReader): Promise<Found | undefined> {
  try {
    return await findConversation(key, reader);
  } catch (error) {
    if (error instanceof Problem) return undefined;
    throw error;
  }
}
