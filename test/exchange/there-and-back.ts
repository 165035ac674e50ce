// A trajectory of ATIF that became spans, lay in a file as records, and is made of them again.
import { spansOfAtif } from "../../src/exchange/atif-import.ts";
import { rebuiltTrajectories } from "../../src/exchange/atif-rebuild.ts";
import { encodeRecord } from "../../src/model/record.ts";
import { decodeRecord } from "../../src/model/record-decoder.ts";
import { spanFrom } from "../../src/tracing/span.ts";

/** What comes back of it. */
export function thereAndBack(trajectory: object): readonly object[] {
  const records = spansOfAtif(trajectory).map((span) => JSON.stringify(encodeRecord(spanFrom(span))));
  return rebuiltTrajectories(records.map((record) => decodeRecord(JSON.parse(record))));
}
