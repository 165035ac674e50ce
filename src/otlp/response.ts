// The body of an ExportTraceServiceResponse: how many spans were refused, and why.

import { messageOf } from "../model/errors.ts";
import { isObject } from "../model/record-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { malformed } from "./decoded.ts";
import type { OtlpEncoding } from "./encoding.ts";
import { int64Of, Rounded } from "./json-numbers.ts";
import { ProtobufReader, WireFault } from "./protobuf-reader.ts";

/** What a response says. Where all went well, 0 and empty. */
export interface OtlpResponse {
  readonly rejectedSpans: number;
  readonly errorMessage: string;
}

const ALL_WELL: OtlpResponse = Object.freeze({ rejectedSpans: 0, errorMessage: "" });

/** The body of a response; of log records where `isOfLogs`, which are counted under another name. */
export function encodeResponse(
  encoding: OtlpEncoding,
  response: OtlpResponse,
  isOfLogs: boolean = false,
): Uint8Array {
  const { rejectedSpans, errorMessage } = response;
  const isAllWell = rejectedSpans === 0 && errorMessage === "";
  if (encoding === "protobuf") return isAllWell ? new Uint8Array() : protobufOf(response);
  const counted = isOfLogs ? "rejectedLogRecords" : "rejectedSpans";
  const partialSuccess = { [counted]: String(rejectedSpans), errorMessage };
  return Buffer.from(JSON.stringify(isAllWell ? {} : { partialSuccess }));
}

function protobufOf({ rejectedSpans, errorMessage }: OtlpResponse): Uint8Array {
  const writer = new ByteWriter();
  writer.begin();
  const mark = writer.open(0x0a, 1);
  if (rejectedSpans > 0) {
    writer.byte(0x08);
    writer.count(rejectedSpans);
  }
  if (errorMessage !== "") writer.textField(0x12, errorMessage);
  writer.close(mark, 1);
  return writer.taken();
}

/** Reads a response's body. Throws `INVALID_RECORD` where it is malformed. */
export function decodeResponse(encoding: OtlpEncoding, bytes: Uint8Array): OtlpResponse {
  try {
    return encoding === "protobuf" ? fromProtobuf(new ProtobufReader(bytes)) : fromJson(bytes);
  } catch (error) {
    throw error instanceof WireFault ? malformed(error.message) : error;
  }
}

function fromProtobuf(read: ProtobufReader): OtlpResponse {
  let response = ALL_WELL;
  while (read.at < read.end) {
    const tag = read.uint32();
    if (tag === 0x0a) response = partialSuccess(read);
    else read.skip(tag, [1]);
  }
  return response;
}

function partialSuccess(read: ProtobufReader): OtlpResponse {
  let [rejectedSpans, errorMessage] = [0, ""];
  const outer = read.enter();
  while (read.at < read.end) {
    const tag = read.uint32();
    if (tag === 0x08) rejectedSpans = Number(read.int64());
    else if (tag === 0x12) errorMessage = read.text();
    else read.skip(tag, [1, 2]);
  }
  read.leave(outer);
  return { rejectedSpans, errorMessage };
}

/** Fields that nobody knows say nothing; one that is called an error does. */
function fromJson(bytes: Uint8Array): OtlpResponse {
  const json = parsed(bytes);
  if (json === null) return ALL_WELL;
  if (!isObject(json) || "error" in json || "errors" in json) throw malformed("it is no response");
  const partial = json["partialSuccess"] ?? json["partial_success"] ?? null;
  if (partial === null) return ALL_WELL;
  if (!isObject(partial)) throw malformed("its partialSuccess is no object");
  const message = partial["errorMessage"] ?? partial["error_message"];
  return {
    rejectedSpans: countOf(
      partial["rejectedSpans"] ?? partial["rejected_spans"] ?? partial["rejectedLogRecords"],
    ),
    errorMessage: typeof message === "string" ? message : "",
  };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw malformed(`it is not JSON: ${messageOf(error)}`);
  }
}

function countOf(json: unknown): number {
  try {
    return Number(int64Of(json) ?? 0);
  } catch (error) {
    if (error instanceof Rounded) return Number(json);
    throw error;
  }
}
