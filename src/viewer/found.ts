// Spans by their words.
import { hitJson } from "../conventions/as-json.ts";
import { factsOf } from "../conventions/facts.ts";
import { parseSearch, type SearchQuery } from "../conventions/search.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { FoundJson, SearchJson } from "./api.ts";
import type { Asked } from "./asked.ts";

/** `GET /api/search` */
export async function search(asked: Asked): Promise<SearchJson> {
  const params = asked.params("q", "where", "since", "until", "limit");
  const text = params.required("q");
  const query = parseSearch(text);
  const { reader, signal } = asked;
  const limit = params.count("limit", { most: 200, or: 20 });
  const { spans, more } = await reader.search(text, { ...params.filter(), limit, signal });
  return { hits: spans.map((span) => foundJson(span, query)), more, notes: reader.notes };
}

function foundJson(span: SpanFields, query: SearchQuery): FoundJson {
  const { kind, model, tool, agent, user } = factsOf(span);
  const called = kind === "agent" ? agent : (tool ?? model);
  return { ...hitJson(span, query), kind, called: called ?? null, user: user ?? null };
}
