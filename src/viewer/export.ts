// Spans as records, one a line, as they are read: no more is held than one.
import { defined } from "../model/defined.ts";
import { asciiJson } from "../model/escape.ts";
import type { TraceQuery } from "../model/query.ts";
import { encodeRecord } from "../model/record.ts";
import { type Asked, hexIn } from "./asked.ts";
import { findConversation } from "./conversation.ts";

/** `GET /api/export` */
export async function exportSpans(asked: Asked): Promise<Response> {
  const params = asked.params("trace", "conversation", "where", "since", "until");
  const [trace, key] = [params.text("trace"), params.text("conversation")];
  const query: TraceQuery = {
    ...params.filter(),
    ...defined({ traceId: trace === undefined ? undefined : hexIn(trace, 32, "trace") }),
    ...(key === undefined ? {} : { conversation: (await findConversation(key, asked.reader)).id }),
  };
  const spans = asked.reader.iterate(query);
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { value, done } = await spans.next();
      if (done) controller.close();
      else controller.enqueue(Buffer.from(`${asciiJson(JSON.stringify(encodeRecord(value)))}\n`));
    },
    cancel: async () => void (await spans.return()),
  });
  const headers = {
    "content-type": "application/x-ndjson",
    "content-disposition": 'attachment; filename="spans.jsonl"',
    "cache-control": "no-store",
  };
  return new Response(body, { headers });
}
