// What a query may be, in which order its spans come, and how many. Which spans match, `conventions/matches.ts` says.
import type { Attributes } from "./attributes.ts";
import { capture } from "./capture.ts";
import { isConversationId } from "./conversation.ts";
import { TracelightError } from "./errors.ts";
import { isIdentifier, MAX_IDENTIFIER_BYTES } from "./identifier.ts";
import { isPlain } from "./plain.ts";
import { isSpanStatus, type SpanFields, type SpanStatus } from "./span-fields.ts";
import { closest } from "./spelling.ts";
import { readWhere } from "./where.ts";

/** Which spans to read. All fields hold together; none given means all spans. */
export interface TraceQuery {
  /** Spans of this trace. */
  readonly traceId?: string | undefined;
  /**
   * Spans of the conversation with this id, under whichever name a vocabulary has it: `ai.conversation.id`,
   * `gen_ai.conversation.id`, `session.id` and so on. Typed: 42 is not "42".
   */
  readonly conversation?: unknown;
  /**
   * Spans that have all these attributes, inherited ones included. Equality is deep and typed: 1 is not "1".
   * `null` matches an attribute that is null or absent.
   */
  readonly attributeFilter?: Attributes | undefined;
  /** Spans written under this identifier; those written without one are under `_`. */
  readonly identifier?: string | undefined;
  /** Spans of this name. */
  readonly spanName?: string | undefined;
  /** Spans of this status. */
  readonly spanStatus?: SpanStatus | undefined;
  /** Spans that failed, see `failureOf`: those of status ERROR, and those that say so in an attribute only. */
  readonly failed?: true | undefined;
  /** Spans for which this filter holds, such as `ai.tool.name = "get_weather" and duration > 2s`; see docs/where.md. */
  readonly where?: string | undefined;
  /** Spans that started at this time or later. */
  readonly since?: Date | undefined;
  /** Spans that started before this time. */
  readonly until?: Date | undefined;
  /** By start; `asc` unless told. */
  readonly order?: "asc" | "desc" | undefined;
  /** At most so many, after ordering. */
  readonly limit?: number | undefined;
}

/** Spans that match already, in the query's order, no more than its limit. */
export function arrange<S extends SpanFields>(spans: readonly S[], query: TraceQuery): S[] {
  const ordered = inStartOrder(spans);
  if (query.order === "desc") ordered.reverse();
  return query.limit === undefined ? ordered : ordered.slice(0, query.limit);
}

/** What decides the order of spans. */
type Ordered = Pick<SpanFields, "traceId" | "spanId" | "parentSpanId" | "startedAtMicros">;

/** By start; where times tie, parents before their children, else in the order given. */
export function inStartOrder<S extends Ordered>(spans: readonly S[]): S[] {
  const sorted = [...spans].sort((a, b) => a.startedAtMicros - b.startedAtMicros);
  for (let from = 0; from < sorted.length; ) {
    let to = from + 1;
    while (to < sorted.length && sorted[to]?.startedAtMicros === sorted[from]?.startedAtMicros) to++;
    if (to - from > 1) for (const span of parentsFirst(sorted.slice(from, to))) sorted[from++] = span;
    from = to;
  }
  return sorted;
}

/** Keeps the order but moves each span behind its parent. Without recursion: a chain may be of any length. */
function parentsFirst<S extends Ordered>(tied: readonly S[]): S[] {
  const byId = new Map(tied.map((span) => [span.traceId + span.spanId, span]));
  const ordered = new Set<S>();
  for (const span of tied) {
    const chain: S[] = [];
    const seen = new Set<S>();
    for (let at: S | undefined = span; at !== undefined && !ordered.has(at) && !seen.has(at); ) {
      chain.push(at);
      seen.add(at);
      at = at.parentSpanId === undefined ? undefined : byId.get(at.traceId + at.parentSpanId);
    }
    for (const next of chain.reverse()) ordered.add(next);
  }
  return [...ordered];
}

/** The query, under a store's identifier where it has one and the query names none. */
export function readUnder<Query extends Pick<TraceQuery, "identifier">>(
  identifier: string | undefined,
  query: Query,
): Query {
  return query.identifier === undefined && identifier !== undefined ? { ...query, identifier } : query;
}

/** Throws a TracelightError (`INVALID_QUERY`) for an unknown field or a value that cannot be meant. */
export function checkQuery(query: TraceQuery): void {
  checkFields(query, QUERY_FIELDS);
}

/** The same for a query with these fields. */
export function checkFields(query: object, fields: QueryFields): void {
  if (typeof query !== "object" || query === null) {
    throw new TracelightError("INVALID_QUERY", "A query must be an object; {} asks for all.");
  }
  for (const [field, value] of Object.entries(query)) {
    const test = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (test === undefined) throw unknownField(field, Object.keys(fields));
    if ((value !== undefined || test.refusesUndefined) && !test.holds(value)) {
      throw new TracelightError("INVALID_QUERY", `The query's "${field}" must be ${test.what}.`);
    }
  }
}

/** Those of a query's fields that have these names. */
export function queryFields(names: readonly (keyof TraceQuery)[]): QueryFields {
  return Object.fromEntries(
    Object.entries(QUERY_FIELDS).filter(([field]) => names.some((name) => name === field)),
  );
}

function unknownField(field: string, known: readonly string[]): TracelightError {
  const near = closest(field, known);
  const mend = near === undefined ? `it takes ${known.join(", ")}` : `did you mean "${near}"?`;
  return new TracelightError("INVALID_QUERY", `Unknown query field "${field}"; ${mend}`);
}

interface FieldTest {
  readonly what: string;
  readonly holds: (value: unknown) => boolean;
  /** Where undefined is a slip, and does not mean that the field is not given. */
  readonly refusesUndefined?: boolean;
}

/** The fields of one kind of query, each with what it must be. */
export type QueryFields = Readonly<Record<string, FieldTest>>;

const TEXT: FieldTest = { what: "a string", holds: (value) => typeof value === "string" };
const TIME: FieldTest = {
  what: "a valid Date",
  holds: (value) => value instanceof Date && !Number.isNaN(value.getTime()),
};
/** The fields of a `TraceQuery`. */
const QUERY_FIELDS: QueryFields = {
  traceId: TEXT,
  conversation: {
    // As with attributeFilter: an id that was never set must not find the spans of all conversations.
    what: "the id of a conversation, not undefined, null or empty",
    holds: (value) => isConversationId(capture(value)),
    refusesUndefined: true,
  },
  attributeFilter: {
    // Undefined is a slip more often than not: a conversation id that was never set must not find all the others.
    what: "a plain object without undefined values (null matches what is absent)",
    holds: (value) =>
      typeof value === "object" &&
      value !== null &&
      isPlain(value) &&
      !Object.values(value).includes(undefined),
  },
  identifier: {
    what: `an identifier that keys can hold: a string of 1 to ${MAX_IDENTIFIER_BYTES} bytes without a NUL or half a character`,
    holds: (value) => isIdentifier(value) === undefined,
  },
  spanName: TEXT,
  spanStatus: { what: '"UNSET", "OK" or "ERROR"', holds: isSpanStatus },
  failed: { what: "true, or not given", holds: (value) => value === true },
  where: {
    what: "a filter as docs/where.md has it",
    // One that cannot be read throws an error that says more than this one.
    holds: (value) => typeof value === "string" && readWhere(value) !== undefined,
  },
  since: TIME,
  until: TIME,
  order: { what: '"asc" or "desc"', holds: (value) => value === "asc" || value === "desc" },
  limit: {
    what: "a whole number of at least 0",
    holds: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  },
};
