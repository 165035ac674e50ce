// Filters hold for the same spans and rows in every store, whatever the filter and the spans.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import {
  type Summary,
  type SummaryPage,
  type SummaryQuery,
  selectSummaries,
  type TraceQuery,
} from "tracelight";
import { DynamoDbTracer, ensureTable } from "tracelight/dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openJsonlFile } from "../../src/cli/stores/jsonl.ts";
import { encodeRecord } from "../../src/model/record.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { selectSpans } from "../../src/tracing/select.ts";
import { type Span, spanFrom } from "../../src/tracing/span.ts";
import { OUTLET } from "../../src/tracing/tracer.ts";
import { client, useEmulator } from "../dynamodb/emulator.ts";
import { filter, type Written, written } from "../model/filters.ts";
import { sized } from "../sizes.ts";

useEmulator();

/** What of a store is compared. */
interface Listed {
  find(query: TraceQuery): Promise<readonly Span[]> | readonly Span[];
  summaries(query: SummaryQuery): Promise<SummaryPage>;
  close(): Promise<unknown>;
}

let folder: string;
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tracelight-listings-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const fixed = [
  "state = running",
  "state = interrupted",
  'b contains "café"',
  'a contains "ÉTÉ"',
  "failed",
  "a = null",
];
const filters = fc
  .array(filter, { minLength: 3, maxLength: 6 })
  .chain((some) => fc.subarray(fixed, { minLength: 2 }).map((others) => [...some, ...others]));

/** Spans of a few traces and conversations, some of which start at the same time. */
const spanLists = fc
  .array(fc.tuple(written, fc.nat(3), fc.nat(20), fc.constantFrom("c1", 1, "1", undefined, "a\0b", "café")), {
    minLength: 1,
    maxLength: 14,
  })
  .map((rows) => rows.map(placed));

function placed([{ span }, trace, at, id]: [Written, number, number, unknown], i: number): SpanFields {
  return {
    ...span,
    traceId: String(trace + 1).repeat(32),
    spanId: (i + 1).toString(16).padStart(16, "0"),
    startedAtMicros: 1_000_000 - at * 1000,
    attributes: id === undefined ? span.attributes : { ...span.attributes, "ai.conversation.id": id },
  };
}

async function sqlite(spans: readonly SpanFields[]): Promise<Listed> {
  const file = await openSqliteFile(join(folder, `${files++}.db`), { readOnly: false });
  await file.importSpans?.(each(spans));
  return file;
}

async function lines(spans: readonly SpanFields[]): Promise<Listed> {
  const path = join(folder, `${files++}.jsonl`);
  writeFileSync(path, spans.map((span) => `${JSON.stringify(encodeRecord(span))}\n`).join(""));
  return openJsonlFile(path, "spans");
}

async function dynamoDb(spans: readonly SpanFields[]): Promise<Listed> {
  const tableName = `Listings${files++}`;
  await ensureTable({ client, tableName });
  const tracer = new DynamoDbTracer({ client, tableName, onError: () => undefined });
  for (const span of spans) tracer[OUTLET].accept(spanFrom(span));
  expect(await tracer.flush()).toMatchObject({ written: spans.length });
  return {
    find: (query) => tracer.getTraces(query),
    summaries: (query) => tracer.summaries(query),
    close: () => tracer.close(),
  };
}

/** A table holds no half of a character but in attributes: docs/values.md. */
function asDynamoDbHolds(span: SpanFields): SpanFields {
  return {
    ...span,
    spanName: span.spanName.toWellFormed(),
    statusMessage: span.statusMessage?.toWellFormed(),
    traceState: span.traceState?.toWellFormed(),
    scope: {
      ...span.scope,
      name: span.scope.name.toWellFormed(),
      ...(span.scope.version === undefined ? {} : { version: span.scope.version.toWellFormed() }),
    },
  };
}

async function* each(spans: readonly SpanFields[]): AsyncGenerator<Span> {
  for (const span of spans) yield spanFrom(span);
}

async function allRows(
  summaries: (query: SummaryQuery) => SummaryPage | Promise<SummaryPage>,
  query: SummaryQuery,
) {
  const rows: Summary[] = [];
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page: SummaryPage = await summaries({
      ...query,
      limit: 2,
      ...(cursor === undefined ? {} : { cursor }),
    });
    rows.push(...page.rows.map(shown));
    cursor = page.cursor;
  }
  return rows;
}

/** A column of SQLite holds no NUL and no half of a character: rows show the name of their first span without. */
function shown(row: Summary): Summary {
  return { ...row, name: row.name.toWellFormed().replaceAll("\0", "\ufffd") };
}

async function hold(spans: readonly SpanFields[], store: Listed, texts: readonly string[]): Promise<void> {
  for (const where of texts) {
    for (const query of [{ where }, { where, failed: true } as const]) {
      const ids = (found: readonly SpanFields[]) => found.map(({ spanId }) => spanId).sort();
      expect(ids(await store.find(query)), where).toEqual(
        ids(
          selectSpans(
            spans.map((span) => spanFrom(span)),
            query,
          ),
        ),
      );
      for (const by of ["trace", "conversation"] as const) {
        const wanted = await allRows((page) => selectSummaries(spans, page), { ...query, by });
        expect(await allRows((page) => store.summaries(page), { ...query, by }), `${by}: ${where}`).toEqual(
          wanted,
        );
      }
    }
  }
}

describe.each([
  ["an SQLite file", sqlite, sized(12, 3)],
  ["a file of records", lines, sized(12, 3)],
  ["a DynamoDB table", dynamoDb, sized(3, 1)],
])("in %s", (_name, make, numRuns) => {
  it("a filter finds the spans and rows that it does in memory", async () => {
    await fc.assert(
      fc.asyncProperty(spanLists, filters, async (given, texts) => {
        const spans =
          make === dynamoDb ? given.filter(({ state }) => state === "ended").map(asDynamoDbHolds) : given;
        const store = await make(spans);
        try {
          await hold(spans, store, texts);
        } finally {
          await store.close();
        }
      }),
      { numRuns },
    );
  });
});
