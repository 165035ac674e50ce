// The framing in which AWS sends streams.
import { crc32 } from "node:zlib";

/** Lengths, headers, payload and check sums: https://smithy.io/2.0/aws/amazon-eventstream.html */
export function eventFrame(name: string, payload: object): Buffer {
  const kind = name.endsWith("Exception") ? "exception" : "event";
  const named = [
    [":message-type", kind],
    [`:${kind}-type`, name],
    [":content-type", "application/json"],
  ] as const;
  const headers = Buffer.concat(named.map(([key, value]) => header(key, value)));
  const body = Buffer.from(JSON.stringify(payload));
  const prelude = Buffer.concat([uint32(16 + headers.length + body.length), uint32(headers.length)]);
  const checked = Buffer.concat([prelude, uint32(crc32(prelude)), headers, body]);
  return Buffer.concat([checked, uint32(crc32(checked))]);
}

function header(name: string, value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(value.length);
  return Buffer.concat([
    Buffer.of(name.length),
    Buffer.from(name),
    Buffer.of(TEXT),
    length,
    Buffer.from(value),
  ]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** The type of a header that is text. */
const TEXT = 7;
