// google.rpc.Status: what a refused request is answered with, in protobuf or JSON.
import { ByteWriter } from "./byte-writer.ts";
import type { OtlpEncoding } from "./encoding.ts";
import { ProtobufReader } from "./protobuf-reader.ts";

/** A code of gRPC and a sentence. */
export interface RpcStatus {
  readonly code: number;
  readonly message: string;
}

/** The body of a refusal. */
export function encodeStatus(encoding: OtlpEncoding, { code, message }: RpcStatus): Uint8Array {
  if (encoding === "json") return Buffer.from(JSON.stringify({ code, message }));
  const writer = new ByteWriter();
  writer.begin();
  writer.byte(0x08);
  writer.count(code);
  writer.textField(0x12, message);
  return writer.taken();
}

/** Reads the body of a refusal; undefined where it is something else. */
export function decodeStatus(encoding: OtlpEncoding, body: Uint8Array): RpcStatus | undefined {
  try {
    return encoding === "json" ? fromJson(body) : fromProtobuf(body);
  } catch {
    return undefined;
  }
}

function fromJson(body: Uint8Array): RpcStatus | undefined {
  const json: unknown = JSON.parse(Buffer.from(body).toString());
  if (typeof json !== "object" || json === null) return undefined;
  const code: unknown = Reflect.get(json, "code");
  const message: unknown = Reflect.get(json, "message");
  if (typeof message !== "string") return undefined;
  return { code: typeof code === "number" ? code : 0, message };
}

function fromProtobuf(body: Uint8Array): RpcStatus {
  const read = new ProtobufReader(body);
  let [code, message] = [0, ""];
  while (read.at < read.end) {
    const tag = read.uint32();
    if (tag === 0x08) code = Number(read.int64());
    else if (tag === 0x12) message = read.text();
    else read.skip(tag, [1, 2]);
  }
  return { code, message };
}
