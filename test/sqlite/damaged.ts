// Files with damage in them, and all that is asked of them.
import { expect } from "vitest";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import type { StoreReader } from "../../src/tracing/readable.ts";
import { freshPath, read, tracerOver, withConnection } from "./support.ts";

/** Three spans, of which the one in the middle is to be damaged. */
export async function someSpans(): Promise<string> {
  const path = freshPath();
  const { tracer } = tracerOver(path);
  for (const [i, name] of ["before", "bad", "after"].entries())
    tracer
      .startSpan(name, { parentSpan: null, startedAt: new Date(Date.now() - 60_000 + i * 1000) })
      .addAttributes({ n: i + 1, "ai.conversation.id": name })
      .addEvent("event")
      .end();
  await tracer.close();
  return path;
}

export function damage(path: string, statement: string): void {
  withConnection(path, (connection) => connection.exec(`PRAGMA ignore_check_constraints = 1; ${statement}`));
}

/** All that a command asks of a file. */
export async function useEverything(file: StoreReader): Promise<void> {
  await file.summaries({ by: "trace" });
  await file.summaries({ by: "conversation" });
  await file.summaries({ by: "trace", where: 'n contains "1" and duration >= 0ms' });
  await file.tally({ by: ["model"] });
  await file.tally({ where: "n = 1" });
  await file.outlines({});
  await file.attributeNames?.();
  await file.idsByPrefix("", 10);
  const { cursor } = (await file.changes?.(undefined)) ?? {};
  await file.changes?.(cursor?.replace(/"last":\d+/, '"last":0'));
  await file.search?.("turn OR after");
  await file.search?.("x*");
}

export async function iterated(file: StoreReader, query: object) {
  const spans = [];
  for await (const span of file.iterate(query)) spans.push(span);
  return spans;
}

export function names(spans: readonly { readonly spanName: string }[]): string[] {
  return spans.map(({ spanName }) => spanName);
}

export async function withFile(path: string, use: (file: StoreReader) => Promise<void>): Promise<void> {
  const file = await openSqliteFile(path);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

export async function prune(path: string): Promise<unknown> {
  const file = await openSqliteFile(path, { readOnly: false });
  try {
    const removed = await file.prune?.({ maxBytes: 0 });
    expect(await read(path)).toEqual([]);
    return removed;
  } finally {
    await file.close();
  }
}
