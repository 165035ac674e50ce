// Events as stores keep them for the next count: names and traces as JSON, and each column in as few bytes as its numbers need.
import { FACTS_VERSION } from "./stored-facts.ts";
import {
  EVENT_COLUMNS,
  type EventColumn,
  EventTable,
  type TalliedTrace,
  type TallyEvents,
} from "./tally-events.ts";
import { isAnObject } from "./values.ts";

/** The version of this form, raised whenever the same spans have other events than before. */
const EVENTS_VERSION = 1;

/** The version of the stored form, that of the facts which it is made of included: of another, it is made anew. */
export const STORED_EVENTS_VERSION: number = FACTS_VERSION * 1000 + EVENTS_VERSION;

/** A column of zeros takes none. */
const WIDTHS = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f8: Float64Array } as const;
type Width = keyof typeof WIDTHS;

/** Says that the columns are in this machine's order of bytes. */
const ORDER = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? "little" : "big";

/** What stands before the columns. */
interface Header {
  readonly order: string;
  readonly size: number;
  readonly names: readonly string[];
  /** Each trace's id, number of spans, first and last start; and how many traces and spans it stands for, where that is more. */
  readonly traces: readonly StoredTrace[];
  readonly columns: readonly (readonly [EventColumn, Width])[];
}

type StoredTrace = readonly [id: string, spans: number, first: number, last: number, ...shares: number[]];

/** Events as bytes. */
export function encodeEvents({ names, traces, table }: TallyEvents): Uint8Array {
  const { size } = table;
  const columns = EVENT_COLUMNS.flatMap((name) => {
    const numbers = table.column(name).subarray(0, size);
    const width = widthOf(numbers);
    return width === undefined ? [] : [{ name, width, bytes: bytesOf(numbers, width) }];
  });
  const header: Header = {
    ...{ order: ORDER, size, names },
    traces: traces.map(storedTrace),
    columns: columns.map(({ name, width }) => [name, width]),
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, ...columns.map(({ bytes }) => bytes)]);
}

function storedTrace({ id, spans, first, last, weight, estimated }: TalliedTrace): StoredTrace {
  const isAll = weight === 1 && estimated === spans;
  return isAll ? [id, spans, first, last] : [id, spans, first, last, weight, estimated];
}

function tracedIn([id, spans, first, last, weight = 1, estimated = spans]: StoredTrace): TalliedTrace {
  return { id, spans, first, last, weight, estimated };
}

const LENGTH_BYTES = 4;
/** Who keeps more keeps them in portions. */
const MOST_EVENTS = 2 ** 17;

function widthOf(numbers: Float64Array): Width | undefined {
  let most = 0;
  for (const number of numbers) {
    if (!Number.isInteger(number) || number < 0 || Object.is(number, -0)) return "f8";
    if (number > most) most = number;
  }
  if (most === 0) return undefined;
  return most < 2 ** 8 ? "u1" : most < 2 ** 16 ? "u2" : most < 2 ** 32 ? "u4" : "f8";
}

function bytesOf(numbers: Float64Array, width: Width): Uint8Array {
  const { buffer, byteOffset, byteLength } = new WIDTHS[width](numbers);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** What `encodeEvents` made; undefined for what it did not, or on a machine of another kind. */
export function decodeEvents(bytes: Uint8Array): TallyEvents | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < LENGTH_BYTES) return undefined;
  const from = LENGTH_BYTES + view.getUint32(0, true);
  const header = parsed(Buffer.from(bytes.subarray(LENGTH_BYTES, from)).toString());
  if (!isHeader(header) || header.order !== ORDER) return undefined;
  const columns = columnsIn(header, bytes.subarray(from));
  if (columns === undefined) return undefined;
  const traces = header.traces.map(tracedIn);
  return { names: header.names, traces, table: new EventTable(columns, header.size) };
}

function columnsIn({ columns, size }: Header, bytes: Uint8Array): [EventColumn, Float64Array][] | undefined {
  const found: [EventColumn, Float64Array][] = [];
  let from = 0;
  for (const [name, width] of columns) {
    const to = from + size * WIDTHS[width].BYTES_PER_ELEMENT;
    if (to > bytes.length) return undefined;
    // Copied, since they may lie anywhere: a Buffer's own slice would be no copy.
    const { buffer } = Uint8Array.prototype.slice.call(bytes, from, to);
    found.push([name, new Float64Array(new WIDTHS[width](buffer))]);
    from = to;
  }
  return found;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** A store may say anything. */
function isHeader(header: unknown): header is Header {
  if (!isAnObject(header)) return false;
  const [size, names, traces, columns] = ["size", "names", "traces", "columns"].map((name) =>
    Reflect.get(header, name),
  );
  return (
    Number.isSafeInteger(size) &&
    size >= 0 &&
    size <= MOST_EVENTS &&
    isListOf(names, (name) => typeof name === "string") &&
    isListOf(traces, isTrace) &&
    isListOf(columns, isColumn)
  );
}

function isListOf(list: unknown, isOne: (item: unknown) => boolean): boolean {
  return Array.isArray(list) && list.every(isOne);
}

function isTrace(trace: unknown): boolean {
  return (
    Array.isArray(trace) &&
    (trace.length === 4 || trace.length === 6) &&
    typeof trace[0] === "string" &&
    trace.slice(1).every(Number.isFinite)
  );
}

function isColumn(column: unknown): boolean {
  return Array.isArray(column) && EVENT_COLUMNS.includes(column[0]) && Object.hasOwn(WIDTHS, column[1]);
}
