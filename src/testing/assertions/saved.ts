// Spans of a failure, kept in a file of records, so that the command line and the page can show them.
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { wellFormedJson } from "../../model/json-strings.ts";
import { encodeRecord } from "../../model/record.ts";
import type { SpanFields } from "../../model/span-fields.ts";

/** The file that holds them; undefined where it could not be written. For its owner alone; the same trace gives the same file. */
export function saveSpans(spans: readonly SpanFields[]): string | undefined {
  const folder = join(tmpdir(), "tracelight-failures");
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const file = join(folder, `${spans[0]?.traceId ?? "none"}.jsonl`);
    writeFileSync(
      file,
      `${spans.map((span) => wellFormedJson(JSON.stringify(encodeRecord(span)))).join("\n")}\n`,
      { mode: 0o600 },
    );
    return file;
  } catch {
    return undefined;
  }
}
