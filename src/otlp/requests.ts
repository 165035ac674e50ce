// Parcels put together into the body of one request.

import { countBytes, encodeCount } from "./byte-writer.ts";
import { grouped, type OtlpParcel, type ResourceGroup, type Run, type ScopeGroup } from "./parcels.ts";

/** The body of an ExportTraceServiceRequest, protobuf. */
export function joinProtobuf(parcels: readonly OtlpParcel[]): Buffer {
  const pieces: Uint8Array[] = [];
  for (const group of grouped(parcels)) {
    pieces.push(lengthOf(0x0a, resourceBytes(group)), group.envelope.head);
    for (const scope of group.scopes) {
      pieces.push(lengthOf(0x12, scopeBytes(scope)), scope.envelope.head);
      for (const run of scope.runs) pieces.push(bytesOf(run));
      pieces.push(scope.envelope.tail);
    }
    pieces.push(group.envelope.tail);
  }
  return Buffer.concat(pieces);
}

function resourceBytes({ envelope, scopes }: ResourceGroup): number {
  const inner = scopes.map(scopeBytes).map((bytes) => 1 + countBytes(bytes) + bytes);
  return envelope.head.length + envelope.tail.length + sum(inner);
}

function scopeBytes({ envelope, runs }: ScopeGroup): number {
  return envelope.head.length + envelope.tail.length + sum(runs.map(({ start, end }) => end - start));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** A field's tag and length. */
function lengthOf(tag: number, length: number): Uint8Array {
  return Uint8Array.of(tag, ...encodeCount(length));
}

/** The body of an ExportTraceServiceRequest, JSON. */
export function joinJson(parcels: readonly OtlpParcel[]): Buffer {
  const pieces: Uint8Array[] = [Buffer.from('{"resourceSpans":[')];
  for (const [i, { envelope, scopes }] of grouped(parcels).entries()) {
    if (i > 0) pieces.push(COMMA);
    pieces.push(envelope.head);
    for (const [j, scope] of scopes.entries()) {
      if (j > 0) pieces.push(COMMA);
      pieces.push(scope.envelope.head);
      for (const [k, run] of scope.runs.entries()) pieces.push(k === 0 ? withoutComma(run) : bytesOf(run));
      pieces.push(scope.envelope.tail);
    }
    pieces.push(envelope.tail);
  }
  pieces.push(Buffer.from("]}"));
  return Buffer.concat(pieces);
}

const COMMA = Uint8Array.of(0x2c);

function withoutComma({ bytes, start, end }: Run): Uint8Array {
  return bytes.subarray(start + 1, end);
}

function bytesOf({ bytes, start, end }: Run): Uint8Array {
  return bytes.subarray(start, end);
}
