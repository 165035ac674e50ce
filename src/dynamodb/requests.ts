// A query as DynamoDB requests: by trace, by conversation in the index, or a scan; `matches` does the rest.
import type { AttributeValue, QueryCommandInput, ScanCommandInput } from "@aws-sdk/client-dynamodb";
import { CONVERSATION_NAMES } from "../conventions/conversation.ts";
import { capture } from "../model/capture.ts";
import { boundOf, isoMicros } from "../model/clock.ts";
import { CONVERSATION_ID } from "../model/conversation.ts";
import { defined } from "../model/defined.ts";
import { NO_IDENTIFIER } from "../model/identifier.ts";
import type { TraceQuery } from "../model/query.ts";
import { sortKeyPrefix, startKey, tracePartition } from "./item.ts";
import { type KeyLayout, LAYOUTS } from "./layout.ts";
import { SPLIT_ATTRIBUTE } from "./split.ts";
import { escapeKey, toAttributeValue } from "./values.ts";

/** Where spans are looked up. */
export interface TableNames {
  readonly tableName: string;
  readonly indexName: string;
  readonly keyLayout: KeyLayout;
}

/** One request; its pages hold all spans that the query can match, and some others. */
export type ReadRequest =
  | {
      readonly kind: "query";
      readonly input: QueryCommandInput;
      /** The index key, where the index is read. */
      readonly conversation?: string;
      /** Whether the items come in the query's order; asks for the key at the far end where that depends on what is there. */
      readonly isOrdered: boolean | QueryCommandInput;
    }
  | {
      readonly kind: "scan";
      readonly input: ScanCommandInput;
      /** The attribute whose value would have made this a query. */
      readonly missing?: string;
    };

/** Conditions pushed down; DynamoDB takes 300 operators and 4 KB of expression. */
const MAX_CONDITIONS = 20;
/** Longer values may be stored elsewhere, with a preview in their place. */
const MAX_PUSHED_TEXT = 200;
const MAX_PUSHED_NAME = 255;
/** So many items are asked for at first where a limit is given; each further page doubles it. */
const SPARE_ITEMS = 8;
const MAX_LIMIT = 1000;

/** The cheapest request that sees all spans of the query: a trace's partition, a conversation's, or the whole table. */
export function readRequest(query: TraceQuery, names: TableNames): ReadRequest {
  if (query.traceId !== undefined) {
    const ask = (part: TraceQuery) => ({
      ...keyQuery(part, names, { name: "pk", value: tracePartition(query.traceId ?? "") }),
      ConsistentRead: true,
    });
    return { kind: "query", input: ask(query), isOrdered: isOrdered(query, ask) };
  }
  const layout = LAYOUTS[names.keyLayout];
  const filter = query.attributeFilter ?? {};
  // A span whose ai.conversation.id is the filter's is of that conversation.
  const id = capture(query.conversation ?? filter[CONVERSATION_ID]);
  const conversation = layout.indexKey(id, filter);
  if (conversation === undefined) return { kind: "scan", input: scanFor(query, names) };
  const { second } = layout;
  if (second !== undefined && !Object.hasOwn(filter, second)) {
    return { kind: "scan", input: scanFor(query, names), missing: second };
  }
  return conversationRequest(conversation, query, names);
}

/** The spans of a conversation by its key in the index. */
export function conversationRequest(key: string, query: TraceQuery, names: TableNames): ReadRequest {
  const ask = (part: TraceQuery) => ({
    ...keyQuery(part, names, { name: "conversation_id", value: key }),
    IndexName: names.indexName,
  });
  return { kind: "query", input: ask(query), conversation: key, isOrdered: isOrdered(query, ask) };
}

/** Sort keys are in start order within one identifier: that of both ends where all is under one. */
function isOrdered(
  { identifier, order }: TraceQuery,
  ask: (part: TraceQuery) => QueryCommandInput,
): boolean | QueryCommandInput {
  return identifier !== undefined || { ...ask({ order: order === "desc" ? "asc" : "desc" }), Limit: 1 };
}

function keyQuery(
  query: TraceQuery,
  { tableName }: TableNames,
  key: { readonly name: string; readonly value: string },
): QueryCommandInput {
  const expression = new Expression();
  const partition = `${expression.name(key.name)} = ${expression.value({ S: key.value })}`;
  const conditions = `${partition} AND ${sortKeyCondition(query, expression)}`;
  const filter = filterOf(query, expression);
  return {
    TableName: tableName,
    KeyConditionExpression: conditions,
    ...defined({
      FilterExpression: filter === "" ? undefined : filter,
      ScanIndexForward: query.order === "desc" ? false : undefined,
      Limit: query.limit === undefined ? undefined : firstLimit(query.limit),
    }),
    ...expression.input(),
  };
}

function firstLimit(limit: number): number {
  return Math.min(limit + SPARE_ITEMS, MAX_LIMIT);
}

/** The request for the next page: a filter that little passes must not take a request for every few items. */
export function nextPage(input: QueryCommandInput | ScanCommandInput): { readonly Limit?: number } {
  const { Limit } = input;
  return Limit === undefined ? {} : { Limit: Math.min(Limit * 2, MAX_LIMIT) };
}

function scanFor(query: TraceQuery, { tableName }: TableNames): ScanCommandInput {
  const expression = new Expression();
  const conditions = [sortKeyCondition(query, expression), filterOf(query, expression)];
  return {
    TableName: tableName,
    ConsistentRead: true,
    FilterExpression: conditions.filter((condition) => condition !== "").join(" AND "),
    ...expression.input(),
  };
}

/** The sort keys that the query can match: a range of times where one identifier is asked for. */
function sortKeyCondition(query: TraceQuery, expression: Expression): string {
  const prefix = sortKeyPrefix(query.identifier);
  const { since, until } = timesOf(query);
  const sk = expression.name("sk");
  if (query.identifier === undefined || (since === undefined && until === undefined)) {
    return `begins_with(${sk}, ${expression.value({ S: prefix })})`;
  }
  // The keys of a time have more behind it: none equals the upper end, and those at that time are above it. An upper end
  // below the lower one would be refused.
  const from = since === undefined ? prefix : prefix + startKey(since);
  const to = until === undefined ? `${prefix}~` : prefix + startKey(Math.max(until, since ?? 0));
  return `${sk} BETWEEN ${expression.value({ S: from })} AND ${expression.value({ S: to })}`;
}

/** The query's times in microseconds. Sort keys are in order since 1970 only: earlier ends are left to `matches`. */
function timesOf(query: TraceQuery): { readonly since?: number; readonly until?: number } {
  const since = query.since === undefined ? -1 : boundOf(query.since);
  const until = query.until === undefined ? -1 : boundOf(query.until);
  return defined({ since: since < 0 ? undefined : since, until: until < 0 ? undefined : until });
}

/**
 * What DynamoDB can leave out by itself. Only where its meaning is that of `matches`: not null (absent too), not 0 (-0 too),
 * not fractions (Python may have stored more digits), nothing long or nested (it may be stored in another form).
 */
function filterOf(query: TraceQuery, expression: Expression): string {
  const { identifier, spanName, spanStatus, attributeFilter = {} } = query;
  const conditions: string[] = [];
  const equal = (path: string, value: AttributeValue) =>
    conditions.push(`${path} = ${expression.value(value)}`);
  if (identifier !== undefined && identifier !== NO_IDENTIFIER && isShortText(identifier)) {
    equal(expression.name("identifier"), { S: identifier });
  }
  /** A value of a large span may be stored elsewhere, with a preview in its place. */
  const equalOrSplit = (path: string, value: AttributeValue) =>
    conditions.push(
      `(${path} = ${expression.value(value)} OR attribute_exists(${expression.name(SPLIT_ATTRIBUTE)}))`,
    );
  if (isShortText(spanName)) equalOrSplit(expression.name("span_name"), { S: spanName });
  // Items of the toolkit's April 2025 version have no status: they are UNSET.
  if (spanStatus !== undefined && spanStatus !== "UNSET")
    equal(expression.name("span_status"), { S: spanStatus });
  if (identifier === undefined) conditions.push(...timeConditions(query, expression));
  for (const [name, value] of Object.entries(attributeFilter).slice(0, MAX_CONDITIONS)) {
    if (isShortText(name) && name.length <= MAX_PUSHED_NAME && isPlainScalar(value)) {
      equalOrSplit(
        `${expression.name("attributes")}.${expression.name(escapeKey(name))}`,
        toAttributeValue(value),
      );
    }
  }
  return conditions.join(" AND ");
}

function isShortText(text: unknown): text is string {
  return (
    typeof text === "string" && text !== "" && text.length <= MAX_PUSHED_TEXT && !/\p{Surrogate}/u.test(text)
  );
}

function isPlainScalar(value: unknown): boolean {
  return typeof value === "boolean" || isShortText(value) || (Number.isSafeInteger(value) && value !== 0);
}

/**
 * By whole seconds, since the toolkit leaves out a fraction of zero. Years beyond 9999 are written with a sign, and sort
 * before all others.
 */
function timeConditions(query: TraceQuery, expression: Expression): string[] {
  const { since, until } = timesOf(query);
  const conditions: string[] = [];
  const started = () => expression.name("started_at");
  if (since !== undefined && !secondOf(since).startsWith("+")) {
    const from = expression.value({ S: secondOf(since) });
    conditions.push(
      `(${started()} >= ${from} OR begins_with(${started()}, ${expression.value({ S: "+" })}))`,
    );
  }
  if (until !== undefined && !secondOf(until + 1_000_000).startsWith("+")) {
    conditions.push(`${started()} < ${expression.value({ S: secondOf(until + 1_000_000) })}`);
  }
  return conditions;
}

/** `2026-11-22T10:36:03`; beyond what a Date holds, the last. */
function secondOf(micros: number): string {
  return isoMicros(Math.min(micros, 8.64e18)).slice(0, -8);
}

/** The keys that are asked for, with what a reader needs to list them; for a listing without the recent index. */
export function outlineScan(query: TraceQuery, names: TableNames): ScanCommandInput {
  const input = scanFor(query, names);
  const ids = Object.fromEntries(CONVERSATION_NAMES.map((name, i) => [`#c${i}`, name]));
  const paths = Object.keys(ids).map((placeholder) => `#o.${placeholder}`);
  return {
    ...input,
    ProjectionExpression: ["pk, sk, conversation_id", ...paths].join(", "),
    ExpressionAttributeNames: { ...input.ExpressionAttributeNames, "#o": "attributes", ...ids },
  };
}

/** The names and values of one expression, each behind a placeholder: any of them may be a reserved word. */
class Expression {
  readonly #names = new Map<string, string>();
  readonly #values: Record<string, AttributeValue> = {};
  #count = 0;

  name(name: string): string {
    const placeholder = this.#names.get(name) ?? `#n${this.#names.size}`;
    this.#names.set(name, placeholder);
    return placeholder;
  }

  value(value: AttributeValue): string {
    const placeholder = `:v${this.#count++}`;
    this.#values[placeholder] = value;
    return placeholder;
  }

  input(): Pick<QueryCommandInput, "ExpressionAttributeNames" | "ExpressionAttributeValues"> {
    const names = Object.fromEntries([...this.#names].map(([name, placeholder]) => [placeholder, name]));
    return { ExpressionAttributeNames: names, ExpressionAttributeValues: this.#values };
  }
}
