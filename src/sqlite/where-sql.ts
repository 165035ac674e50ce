// Filters and queries as SQL over the table `spans`: what SQLite can decide by itself, and what it must leave open.

import { capture } from "../model/capture.ts";
import { boundOf } from "../model/clock.ts";
import { CONVERSATION_ID, isConversationId } from "../model/conversation.ts";
import type { TraceQuery } from "../model/query.ts";
import { canonicalJson } from "../model/values.ts";
import { readWhere } from "../model/where.ts";
import type { Field } from "../model/where-fields.ts";
import { isSearch, type Operator } from "../model/where-operators.ts";
import type { Comparison, Literal, Where } from "../model/where-tree.ts";
import { isLiteral, jsonBounds, jsonEquals, sourceOf, within } from "./json-sql.ts";
import {
  condition,
  exactly,
  FALSE,
  joined,
  MAX_CHAIN,
  negated,
  type SqlBounds,
  type SqlCondition,
  TRUE,
  UNDECIDED,
  unless,
} from "./sql-conditions.ts";
import { FOLDS_ALIKE, folded, isPlainText, ordered, readable, startsWith } from "./sql-texts.ts";

/** The fields of a query that say something about each span. */
export type SpanConditions = Pick<
  TraceQuery,
  | "traceId"
  | "conversation"
  | "identifier"
  | "spanName"
  | "spanStatus"
  | "failed"
  | "attributeFilter"
  | "where"
  | "since"
  | "until"
>;

/** A filter as conditions on rows of `spans`. */
export function whereToSql(where: Where): SqlBounds {
  const bounds = boundsOf(where, 0);
  return isTooLarge(bounds.may) || isTooLarge(bounds.must) ? UNDECIDED : bounds;
}

/** True for every row whose span the query asks for, and perhaps for others: hold the spans against `matches`. */
export function queryToSql(query: SpanConditions): SqlCondition {
  const {
    traceId,
    identifier,
    spanName,
    spanStatus,
    failed,
    since,
    until,
    attributeFilter = {},
    where,
  } = query;
  const conditions: SqlCondition[] = [conversationToSql(query) ?? TRUE];
  if (traceId !== undefined) conditions.push(columnEquals("trace_id", traceId).may);
  if (identifier !== undefined) conditions.push(columnEquals("identifier", identifier).may);
  if (since !== undefined) conditions.push(condition("(started_at >= ?)", boundOf(since)));
  if (until !== undefined) conditions.push(condition("(started_at < ?)", boundOf(until)));
  if (spanStatus !== undefined) conditions.push(columnEquals("span_status", spanStatus).may);
  if (failed === true) conditions.push(FAILED);
  if (spanName !== undefined) conditions.push(nameEquals(spanName).may);
  for (const [key, value] of Object.entries(attributeFilter)) {
    conditions.push(attributeEquals(key, capture(value) ?? null));
  }
  const all = joined("AND", conditions.slice(0, MAX_CONDITIONS));
  return where === undefined ? all : joined("AND", [all, whereToSql(readWhere(where)).may]);
}

/**
 * The part of a query that the index by conversation answers; undefined where there is none. A span whose `ai.conversation.id`
 * is the filter's is of that conversation.
 */
export function conversationToSql({
  conversation,
  attributeFilter,
}: SpanConditions): SqlCondition | undefined {
  // Not IS: the index leaves out the nulls.
  const equal = (id: unknown) => condition("(conversation = ?)", canonicalJson(id));
  if (conversation !== undefined) return equal(capture(conversation));
  const id = capture(attributeFilter?.[CONVERSATION_ID]);
  if (!isConversationId(id)) return undefined;
  // The column tells zeros apart, and the orders of a set's items; a filter does not.
  if (!isLiteral(id)) return condition("(conversation IS NOT NULL)");
  return id === 0 ? condition("(conversation IN (?, ?))", canonicalJson(0), canonicalJson(-0)) : equal(id);
}

/** SQLite's parser and its trees have a limit of depth; what is nested deeper is left open. */
const MAX_LEVELS = 10;
const MAX_CONDITIONS = 50;
const MAX_SQL_LENGTH = 200_000;
const MAX_VALUES = 10_000;

function isTooLarge({ sql, values }: SqlCondition): boolean {
  return sql.length > MAX_SQL_LENGTH || values.length > MAX_VALUES;
}

function boundsOf(where: Where, level: number): SqlBounds {
  if (level > MAX_LEVELS) return UNDECIDED;
  switch (where.kind) {
    case "compare":
      return comparisonBounds(where);
    case "not": {
      const { may, must } = boundsOf(where.part, level + 1);
      return { may: negated(must), must: negated(may) };
    }
    default: {
      const inner = level + 1 + Math.ceil(Math.log2(Math.max(1, where.parts.length / MAX_CHAIN)));
      const parts = where.parts.map((part) => boundsOf(part, inner));
      const word = where.kind === "and" ? "AND" : "OR";
      const join = (side: "may" | "must") =>
        joined(
          word,
          parts.map((part) => part[side]),
        );
      return { may: join("may"), must: join("must") };
    }
  }
}

function comparisonBounds({ name, operator, value }: Comparison): SqlBounds {
  if (name.kind === "field") return fieldBounds(name.field, operator, value);
  const source = sourceOf(name);
  return source === undefined ? UNDECIDED : within(source, jsonBounds(source.raw, operator, value));
}

function fieldBounds(field: Field, operator: Operator, value: Literal): SqlBounds {
  switch (field) {
    case "started_at":
    case "ended_at":
      return numberBounds(field, operator, value);
    case "duration":
      return numberBounds("(ended_at - started_at)", operator, value);
    case "state":
      return stateBounds(operator, value);
    case "failed":
      return value === null
        ? { may: FALSE, must: FALSE }
        : exactly(`(${FAILED.sql} = ?)`, value === true ? 1 : 0);
    case "span_name":
      return unless(NAME_ELSEWHERE, textBounds(field, operator, value));
    case "status_message":
      return readable("details", jsonBounds("(details -> '$.status_message')", operator, value));
    case "scope.name":
    case "scope.version":
      return readable("origin", jsonBounds(`(origin -> '$.${field}')`, operator, value));
    case "trace_id":
    case "span_id":
    case "parent_span_id":
    case "span_kind":
    case "span_status":
      return textBounds(field, operator, value);
  }
}

/** A name that a column cannot hold is whole in `details`; the column has U+FFFD for what it cannot. */
const NAME_ELSEWHERE: SqlCondition = condition("(details IS NOT NULL AND instr(span_name, '\ufffd') > 0)");

function nameEquals(name: string): SqlBounds {
  return unless(NAME_ELSEWHERE, columnEquals("span_name", name));
}

/** By the facts, which hold no other such text: in a text of JSON, quotes stand behind a backslash. */
export const FAILED: SqlCondition = condition(`(instr(facts, '"failed":true') > 0)`);

/** Whether a span runs or was interrupted is known to those who know its writer. */
function stateBounds(operator: Operator, value: Literal): SqlBounds {
  if (operator !== "=") return UNDECIDED;
  if (value === null) return { may: FALSE, must: FALSE };
  if (value === "ended") return exactly("(ended_at IS NOT NULL)");
  return { may: condition("(ended_at IS NULL)"), must: FALSE };
}

function numberBounds(column: string, operator: Operator, value: Literal): SqlBounds {
  if (value === null) return exactly(`(${column} IS NULL)`);
  if (typeof value !== "number" || !Number.isSafeInteger(value)) return UNDECIDED;
  if (operator === "=") return exactly(`(${column} IS ?)`, value);
  return isSearch(operator) ? UNDECIDED : exactly(`coalesce(${ordered(column, operator)}, 0)`, value);
}

function columnEquals(column: string, value: Literal): SqlBounds {
  if (value === null) return exactly(`(${column} IS NULL)`);
  return isPlainText(value) ? exactly(`(${column} IS ?)`, value) : UNDECIDED;
}

function textBounds(column: string, operator: Operator, value: Literal): SqlBounds {
  if (operator === "=") return columnEquals(column, value);
  if (!isPlainText(value)) return UNDECIDED;
  if (!isSearch(operator)) return exactly(`coalesce(${ordered(column, operator)}, 0)`, value);
  const wanted = value.toLowerCase();
  if (!FOLDS_ALIKE.test(wanted)) return UNDECIDED;
  if (operator === "contains") return exactly(`coalesce(instr(${folded(column, wanted)}, ?) > 0, 0)`, wanted);
  if (operator === "starts with") return exactly(`coalesce(${startsWith(column, wanted)}, 0)`, wanted);
  return UNDECIDED;
}

function attributeEquals(key: string, value: unknown): SqlCondition {
  // The column says it: see `conversationToSql`.
  if (key === CONVERSATION_ID && isConversationId(value)) return TRUE;
  const source = sourceOf({ kind: "attribute", places: [[key]] });
  if (source === undefined) return TRUE;
  if (isLiteral(value)) return within(source, jsonEquals(source.raw, value)).may;
  const first = Array.isArray(value) ? "[" : "{";
  return within(source, exactly(`coalesce(substr(${source.raw}, 1, 1) = ?, 0)`, first)).may;
}
