// The identifier of a tracer: what no key can hold is refused at construction and in queries, the same in every store.
import { InMemoryTracer, TracelightError } from "tracelight";
import { DynamoDbTracer } from "tracelight/dynamodb";
import { SqliteTracer } from "tracelight/sqlite";
import { describe, expect, it } from "vitest";
import { isIdentifier } from "../../src/model/identifier.ts";

const REFUSED: readonly [what: string, identifier: unknown, mend: string][] = [
  ["empty", "", "not empty"],
  ["no text", 5, "not empty"],
  ["with a NUL", "a\0b", "without a NUL"],
  ["with half a character", "a\ud800", "half a character"],
  ["longer than a sort key has room for", "x".repeat(985), "at most 984 bytes"],
  ["longer in bytes than in characters", "é".repeat(493), "at most 984 bytes"],
];

describe.each(REFUSED)("an identifier that is %s", (_what, identifier, mend) => {
  it.each([
    [
      "DynamoDbTracer",
      (options: object) => Reflect.construct(DynamoDbTracer, [{ tableName: "Table", ...options }]),
    ],
    ["SqliteTracer", (options: object) => Reflect.construct(SqliteTracer, [{ path: "t.db", ...options }])],
  ])("is refused by %s, with the mend", (owner, construct) => {
    const refusal = refusalOf(() => construct({ identifier }));
    expect(refusal.code).toBe("INVALID_OPTION");
    expect(refusal.message).toContain(`Option "identifier" of ${owner} must be`);
    expect(refusal.message).toContain(mend);
  });

  it("is refused in a query", () => {
    const tracer = new InMemoryTracer();
    for (const read of [tracer.getTraces, tracer.summaries])
      expect(refusalOf(() => Reflect.apply(read, tracer, [{ identifier }])).code).toBe("INVALID_QUERY");
  });
});

function refusalOf(work: () => unknown): TracelightError {
  try {
    work();
  } catch (error) {
    if (error instanceof TracelightError) return error;
    throw error;
  }
  return expect.fail("it was taken");
}

it("may be anything else: with separators, spaces, of any script, up to 984 bytes", () => {
  for (const identifier of ["_", "A#B", "#", "my agent", "日本語", "x".repeat(984), "é".repeat(492)])
    expect(isIdentifier(identifier)).toBeUndefined();
});
