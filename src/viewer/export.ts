// Spans as records or OTLP, as they are read; a conversation or a trace as a document. No more is held than the form needs.
import { atifTrajectories } from "../exchange/atif-export.ts";
import { markdownLines } from "../exchange/markdown.ts";
import { Subject } from "../exchange/subject.ts";
import { defined } from "../model/defined.ts";
import { asciiJson } from "../model/escape.ts";
import { exactJson } from "../model/python-json.ts";
import type { TraceQuery } from "../model/query.ts";
import { encodeRecord } from "../model/record.ts";
import { OtlpLines } from "../otlp/lines.ts";
import type { Span } from "../tracing/span.ts";
import type { FoundId } from "../tracing/store.ts";
import { type Asked, hexIn } from "./asked.ts";
import { findConversation } from "./conversation.ts";
import { htmlFile } from "./html-file.ts";
import { badParameter, notFound } from "./problems.ts";

/** `GET /api/export`; `principal` is whose spans alone may be seen. */
export async function exportSpans(asked: Asked, principal: string | undefined): Promise<Response> {
  const params = asked.params("trace", "conversation", "where", "since", "until", "as");
  const form = params.choice("as", FORMS) ?? "records";
  const [trace, key] = [params.text("trace"), params.text("conversation")];
  const traceId = trace === undefined ? undefined : hexIn(trace, 32, "trace");
  const conversation = key === undefined ? undefined : (await findConversation(key, asked.reader)).id;
  const filter = params.filter();
  if (form === "records" || form === "otlp") {
    const query: TraceQuery = { ...filter, ...defined({ traceId, conversation }) };
    const spans = asked.reader.iterate(query);
    return answer(form, form === "otlp" ? otlpLines(spans) : recordLines(spans));
  }
  const isOne = (traceId === undefined) !== (conversation === undefined);
  if (!isOne || Object.keys(filter).length > 0)
    throw badParameter("as", "records or otlp, unless all of one conversation or one trace is asked for");
  const id: FoundId =
    traceId === undefined ? { by: "conversation", id: conversation } : { by: "trace", id: traceId };
  return answer(form, await documentOf(form, id, { asked, principal }));
}

async function* recordLines(spans: AsyncIterable<Span>): AsyncGenerator<string> {
  for await (const span of spans) yield `${asciiJson(JSON.stringify(encodeRecord(span)))}\n`;
}

/** Spans that still run are left out: OTLP cannot carry them. */
async function* otlpLines(spans: AsyncIterable<Span>): AsyncGenerator<string> {
  const full: string[] = [];
  const lines = new OtlpLines(async (line) => void full.push(`${line}\n`));
  for await (const span of spans) {
    await lines.add(span);
    yield* full.splice(0);
  }
  await lines.end();
  yield* full;
}

interface DocumentSetup {
  readonly asked: Asked;
  readonly principal: string | undefined;
}

async function documentOf(
  form: "markdown" | "atif" | "html",
  id: FoundId,
  { asked: { reader, prices }, principal }: DocumentSetup,
): Promise<AsyncIterable<string>> {
  if (form === "html") return htmlFile(id, { reader, prices, principal });
  const subject = await Subject.of(id, reader, prices);
  if (subject === undefined) throw notFound("There is no such trace or conversation here.");
  return form === "markdown" ? markdownText(subject) : atifLines(subject);
}

async function* markdownText(subject: Subject): AsyncGenerator<string> {
  for await (const line of markdownLines(subject)) yield `${line}\n`;
}

async function* atifLines(subject: Subject): AsyncGenerator<string> {
  for await (const trajectory of atifTrajectories(subject)) yield `${asciiJson(exactJson(trajectory))}\n`;
}

/** What fails before the first of it is an answer of its own. */
async function answer(form: Form, texts: AsyncIterable<string>): Promise<Response> {
  const each = texts[Symbol.asyncIterator]();
  let next: IteratorResult<string> | undefined = await each.next();
  const body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { value, done } = next ?? (await each.next());
      next = undefined;
      if (done) controller.close();
      else controller.enqueue(Buffer.from(value));
    },
    cancel: async () => void (await each.return?.()),
  });
  const [type, name] = FILES[form];
  const headers = {
    "content-type": type,
    "content-disposition": `attachment; filename="${name}"`,
    "cache-control": "no-store",
  };
  return new Response(body, { headers });
}

const FORMS = ["records", "otlp", "markdown", "atif", "html"] as const;
type Form = (typeof FORMS)[number];

const FILES: Readonly<Record<Form, readonly [type: string, name: string]>> = {
  records: ["application/x-ndjson", "spans.jsonl"],
  otlp: ["application/x-ndjson", "spans.otlp.jsonl"],
  markdown: ["text/markdown; charset=utf-8", "conversation.md"],
  atif: ["application/json", "trajectory.json"],
  html: ["text/html; charset=utf-8", "conversation.html"],
};
