// An example to look at while a store has nothing: a day of a travel agent, in memory, as if it were today.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { decodeRecord } from "../model/record-decoder.ts";
import { arrangeFields, selectSpans } from "../tracing/select.ts";
import type { ReadableStore } from "../tracing/store.ts";

/** The store of the example: its last spans began just before `now`, in milliseconds since the epoch. */
export function exampleStore(now: number = Date.now()): ReadableStore {
  const text = gunzipSync(readFileSync(RECORDS)).toString();
  const lines = text
    .replace(TIME, (_, at: string) => `"${new Date(Date.parse(at) + now - RECORDED).toISOString()}"`)
    .split("\n");
  const records = lines.flatMap((line) => (line === "" ? [] : [decodeRecord(JSON.parse(line))]));
  const spans = arrangeFields(records, {});
  return { name: "an example", find: (query) => selectSpans(spans, query) };
}

/** The same place from the sources and from what is built of them. */
const RECORDS = new URL("../viewer/travel.jsonl.gz", import.meta.url);
const RECORDED = Date.parse("2026-11-25T22:41:19.600Z");
const TIME = /"(2026-11-2\dT\d\d:\d\d:\d\d\.\d{3})000Z"/g;
