// Spans by their words.
import { hitJson } from "../conventions/as-json.ts";
import { parseSearch } from "../conventions/search.ts";
import type { SearchJson } from "./api.ts";
import type { Asked } from "./asked.ts";

/** `GET /api/search` */
export async function search(asked: Asked): Promise<SearchJson> {
  const params = asked.params("q", "where", "since", "until", "limit");
  const text = params.required("q");
  const query = parseSearch(text);
  const { reader, signal } = asked;
  const limit = params.count("limit", { most: 200, or: 20 });
  const { spans, more } = await reader.search(text, { ...params.filter(), limit, signal });
  return { hits: spans.map((span) => hitJson(span, query)), more, notes: reader.notes };
}
