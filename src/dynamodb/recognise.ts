// Which key layouts a table has, as its own items show.

import type { ScanCommandInput } from "@aws-sdk/client-dynamodb";
import { CONVERSATION_NAMES, conversationOf } from "../conventions/conversation.ts";
import { NAMES } from "../conventions/names.ts";
import type { Item } from "./items.ts";
import { type KeyLayout, LAYOUTS } from "./layout.ts";
import type { TableNames } from "./requests.ts";
import { escapeKey, fromMap } from "./values.ts";

/** So many items of conversations are looked at. */
const SAMPLED_ITEMS = 100;
/** What index keys are made of. */
const KEY_NAMES = [...CONVERSATION_NAMES, NAMES.subcontextId, NAMES.authContext];

/** The request for some items of the index by conversation, with what their keys are made of. */
export function sampleScan({ tableName, indexName }: TableNames): ScanCommandInput {
  const names = Object.fromEntries(KEY_NAMES.map((name, i) => [`#k${i}`, escapeKey(name)]));
  const paths = Object.keys(names).map((placeholder) => `attributes.${placeholder}`);
  return {
    ...{ TableName: tableName, IndexName: indexName, Limit: SAMPLED_ITEMS },
    ProjectionExpression: ["sk, conversation_id", ...paths].join(", "),
    ExpressionAttributeNames: names,
  };
}

/** The layouts that the items' keys can have been made by, those of most items first. */
export function layoutsOf(items: readonly Item[]): readonly KeyLayout[] {
  const counts = new Map<KeyLayout, number>();
  for (const layout of items.flatMap(layoutOf)) counts.set(layout, (counts.get(layout) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([layout]) => layout);
}

function layoutOf(item: Item): readonly KeyLayout[] {
  const key = item["conversation_id"]?.S;
  const attributes = fromMap(item["attributes"]?.M ?? {});
  const conversation = conversationOf(attributes);
  return KEY_LAYOUTS.filter((layout) => LAYOUTS[layout].indexKey(conversation, attributes) === key);
}

const KEY_LAYOUTS: readonly KeyLayout[] = ["conversation", "conversation#subcontext", "conversation#auth"];
