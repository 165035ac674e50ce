// Reads spans from the table: the pages of a query, and what its index does not show yet.
import type { QueryCommandInput, ScanCommandInput } from "@aws-sdk/client-dynamodb";
import { matches } from "../conventions/matches.ts";
import { CONVERSATION_ID } from "../model/conversation.ts";
import { asTracelightError, TracelightError } from "../model/errors.ts";
import type { TraceQuery } from "../model/query.ts";
import type { SpanFields } from "../model/span-fields.ts";
import type { Faults } from "../tracing/faults.ts";
import { arrangeSpans } from "../tracing/select.ts";
import { type Span, spanFrom } from "../tracing/span.ts";
import { type ItemPage, readPage } from "./answers.ts";
import type { Connection } from "./connection.ts";
import { fromItem, keyIdentifier, sortKeyPrefix } from "./item.ts";
import type { Item, ItemReader } from "./items.ts";
import { type JustWritten, keyText } from "./just-written.ts";
import type { KeyLayout } from "./layout.ts";
import { ListReader } from "./list-reader.ts";
import { layoutsOf, sampleScan } from "./recognise.ts";
import { nextPage, type ReadRequest, readRequest, type TableNames } from "./requests.ts";
import { type UnpackedSpan, unpack } from "./unpacking.ts";

/** Runs a request; rejects with a TracelightError. */
type Send = <T>(work: (connection: Connection) => Promise<T>) => Promise<T>;

/** What a reader needs. */
export interface ReaderOptions {
  readonly names: TableNames;
  readonly send: Send;
  readonly items: ItemReader;
  readonly justWritten: JustWritten;
  readonly faults: Faults;
  /** True where the user said which layout it is. */
  readonly isLayoutGiven: boolean;
}

interface PagesOptions {
  readonly onPage?: (() => boolean) | undefined;
  readonly areAllWanted?: boolean;
}

/** Reads one table. */
export class TableReader {
  readonly #options: ReaderOptions;
  #names: TableNames;
  #layouts: Promise<readonly KeyLayout[]> | undefined;

  constructor(options: ReaderOptions) {
    this.#names = options.names;
    this.#options = options;
  }

  /** The table's names, and its layout as far as it is known. */
  get names(): TableNames {
    return this.#names;
  }

  /** The spans that the query asks for, in its order, each with its parent where that is among them. */
  async find(query: TraceQuery): Promise<readonly Span[]> {
    if (query.limit === 0) return [];
    const found: Span[] = [];
    for await (const fields of this.#inAnyLayout(query)) found.push(spanFrom(fields));
    // Where starts tie, the order is that of the sort keys, whichever way they were read.
    if (query.order === "desc") found.reverse();
    return arrangeSpans(found, query);
  }

  /** The spans that the query asks for, as they come, no more than its limit. */
  async *iterate(query: TraceQuery): AsyncGenerator<Span> {
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    if (left === 0) return;
    for await (const fields of this.#inAnyLayout(query)) {
      yield spanFrom(fields);
      if (--left <= 0) return;
    }
  }

  /** A conversation that is not there may be there under another key: the table's own items show which layout it has. */
  async *#inAnyLayout(query: TraceQuery): AsyncGenerator<SpanFields> {
    let isFound = false;
    for await (const fields of this.spans(query)) {
      isFound = true;
      yield fields;
    }
    if (isFound || !asksForConversation(query)) return;
    const before = this.#names;
    for (const keyLayout of await this.#otherLayouts()) {
      if (this.#options.isLayoutGiven) return this.#tellLayout(keyLayout);
      this.#names = { ...before, keyLayout };
      for await (const fields of this.spans(query)) {
        isFound = true;
        yield fields;
      }
      if (isFound) return;
      this.#names = before;
    }
  }

  /** The layouts of the table's items, but for the one that was asked. An empty table is looked at again. */
  async #otherLayouts(): Promise<readonly KeyLayout[]> {
    this.#layouts ??= this.#sample();
    const layouts = await this.#layouts.catch((error: unknown) => {
      this.#layouts = undefined;
      throw error;
    });
    if (layouts.length === 0) this.#layouts = undefined;
    const { keyLayout } = this.#names;
    return layouts.includes(keyLayout) && this.#options.isLayoutGiven
      ? []
      : layouts.filter((layout) => layout !== keyLayout);
  }

  async #sample(): Promise<readonly KeyLayout[]> {
    const { items } = await this.#page("scan", sampleScan(this.#names));
    const layouts = layoutsOf(items);
    if (items.length > 0 && layouts.length === 0) this.#tellUnknownLayout();
    return layouts;
  }

  #tellLayout(found: KeyLayout): void {
    const { tableName, keyLayout } = this.#names;
    const message = `No span was found for the conversation: the table "${tableName}" has items of the key layout "${found}", not of "${keyLayout}"; set keyLayout to "${found}".`;
    this.#options.faults.report(new TracelightError("TABLE_SCHEMA", message));
  }

  #tellUnknownLayout(): void {
    const { tableName, keyLayout } = this.#names;
    const message = `No span was found for the conversation, and the items of the table "${tableName}" do not show how their conversation_id is made ("${keyLayout}" was tried); set keyLayout to what wrote them, or ask by attributeFilter without ai.conversation.id.`;
    this.#options.faults.report(new TracelightError("TABLE_SCHEMA", message));
  }

  /** The spans that match, as they come; at least those within the query's limit. */
  async *spans(query: TraceQuery, request: ReadRequest = this.#request(query)): AsyncGenerator<SpanFields> {
    const conversation = request.kind === "query" ? request.conversation : undefined;
    const unseen = this.#options.justWritten.under(conversation, sortKeyPrefix(query.identifier));
    const end = new End(query, request);
    const lists = new ListReader(this.#options.items);
    const areAllWanted = query.limit === undefined;
    let first: Item | undefined;
    let isOrdered: Promise<boolean> | undefined;
    for await (const page of this.pages(request.kind, request.input, { areAllWanted })) {
      for (const { item, ...stored } of await this.#unpack(page, lists)) {
        const isWanted = matches(stored.fields, query, stored.identifier);
        first ??= item;
        if (isWanted && end.isPassed(stored.fields)) {
          isOrdered ??= this.#isOrdered(request, [first, ...unseen.values()]);
          if (end.reach(await isOrdered)) return yield* this.#unseen(unseen, { end, query, lists });
        }
        unseen.delete(keyText(item));
        end.lastKey = item["sk"]?.S;
        if (isWanted) yield stored.fields;
      }
    }
    yield* this.#unseen(unseen, { end, query, lists });
  }

  /** Whether starts only grow, or fall, from the first key on: all are under one identifier where both ends are. */
  async #isOrdered(request: ReadRequest, keys: readonly Item[]): Promise<boolean> {
    if (request.kind === "scan" || typeof request.isOrdered === "boolean") return request.kind === "query";
    const { items } = await this.#page("query", request.isOrdered);
    const last = keyIdentifier(items[0]);
    return last !== undefined && keys.every((key) => keyIdentifier(key) === last);
  }

  /** What was written just now and the index has not shown, as far as it lies within the end. */
  async *#unseen(
    unseen: ReadonlyMap<string, Item>,
    { end, query, lists }: { readonly end: End; readonly query: TraceQuery; readonly lists: ListReader },
  ): AsyncGenerator<SpanFields> {
    const keys = [...unseen.values()].filter((key) => end.isWithin(key));
    if (keys.length === 0) return;
    const items = await this.#options.items.get(
      keys.map(({ pk, sk }) => ({ pk: pk?.S ?? "", sk: sk?.S ?? "" })),
    );
    for (const stored of await this.#unpack(items, lists)) {
      if (matches(stored.fields, query, stored.identifier)) yield stored.fields;
    }
  }

  /** The items of a request, page after page, while `onPage` says so. */
  async *items(
    kind: "query" | "scan",
    input: QueryCommandInput | ScanCommandInput,
    onPage?: () => boolean,
  ): AsyncGenerator<Item> {
    for await (const page of this.pages(kind, input, { onPage })) yield* page;
  }

  /** The pages of a request, while `onPage` says so; the next is asked for while one is looked at where all are wanted. */
  async *pages(
    kind: "query" | "scan",
    input: QueryCommandInput | ScanCommandInput,
    { onPage, areAllWanted = false }: PagesOptions = {},
  ): AsyncGenerator<readonly Item[]> {
    let asked = input;
    let coming: Promise<ItemPage> | undefined;
    for (;;) {
      const { items, next } = await (coming ?? this.#page(kind, asked));
      if (next !== undefined) asked = { ...asked, ...nextPage(asked), ExclusiveStartKey: next };
      coming = next !== undefined && areAllWanted ? this.#page(kind, asked) : undefined;
      // Who looks at this page learns of it when they ask for the next.
      coming?.catch(() => undefined);
      yield items;
      if (next === undefined || onPage?.() === false) return;
    }
  }

  #page(kind: "query" | "scan", input: QueryCommandInput | ScanCommandInput) {
    return this.#options.send((connection) => readPage(connection, kind, input));
  }

  #request(query: TraceQuery): ReadRequest {
    const request = readRequest(query, this.names);
    if (request.kind === "scan" && request.missing !== undefined) {
      const { tableName, keyLayout } = this.names;
      const mend = `add "${request.missing}" (null for none) to the attributeFilter, or a traceId`;
      const message = `In the key layout "${keyLayout}" a conversation alone is no key: the whole table "${tableName}" is read; ${mend}.`;
      this.#options.faults.report(new TracelightError("TABLE_SCAN", message));
    }
    return request;
  }

  /** An item that cannot be read is reported and left out; the others are still found. */
  #unpack(items: readonly Item[], lists: ListReader): Promise<UnpackedSpan[]> {
    return unpack(items, {
      reader: this.#options.items,
      lists,
      fromItem: (item) => fromItem(item, this.names.keyLayout),
      onUnreadable: (error, item) => {
        const where = `The item ${item["pk"]?.S} ${item["sk"]?.S}`;
        this.#options.faults.reportRarely(
          asTracelightError(error, "INVALID_RECORD", `${where} could not be read`),
        );
      },
    });
  }
}

function asksForConversation({ traceId, conversation, attributeFilter = {} }: TraceQuery): boolean {
  return traceId === undefined && (conversation ?? attributeFilter[CONVERSATION_ID]) !== undefined;
}

/** Where reading may end: as many as the query wants have been seen, and items come in its order. */
class End {
  readonly #limit: number;
  readonly #isDescending: boolean;
  #count = 0;
  #lastStart = Number.NaN;
  #isReached = false;
  /** The sort key of the last item that was looked at. */
  lastKey: string | undefined;

  constructor({ limit, order }: TraceQuery, request: ReadRequest) {
    this.#limit = request.kind === "query" && limit !== undefined ? limit : Number.POSITIVE_INFINITY;
    this.#isDescending = order === "desc";
  }

  /** True for a span beyond the limit; those that start with the last within it still count. */
  isPassed({ startedAtMicros: start }: SpanFields): boolean {
    const isPassed = this.#count >= this.#limit && start !== this.#lastStart && this.#isSorted(start);
    if (this.#count < this.#limit) this.#lastStart = start;
    this.#count++;
    return isPassed;
  }

  /** Ends the reading there, where items come in order. */
  reach(isOrdered: boolean): boolean {
    this.#isReached = isOrdered;
    return isOrdered;
  }

  /** Times before 1970 are at the lower end of the sort keys, but in no order: there all are read. */
  #isSorted(start: number): boolean {
    return start >= 0 && this.#lastStart >= 0;
  }

  /** True for a key that is not beyond the end. */
  isWithin(key: Item): boolean {
    const sk = key["sk"]?.S ?? "";
    if (!this.#isReached || this.lastKey === undefined) return true;
    return this.#isDescending ? sk >= this.lastKey : sk <= this.lastKey;
  }
}
