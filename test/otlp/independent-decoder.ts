// OTLP's messages in the hands of a library that is not ours: @bufbuild/protobuf with the published field numbers.
import {
  createFileRegistry,
  type DescMessage,
  fromBinary,
  fromJson,
  type JsonObject,
  type JsonValue,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

/** A message's fields: number, name, type; `*` for repeated. Enums are int32, which is the same on the wire. */
const MESSAGES: Readonly<Record<string, string>> = {
  Request: "1 resource_spans ResourceSpans*",
  ResourceSpans: "1 resource Resource, 2 scope_spans ScopeSpans*, 3 schema_url string",
  Resource: "1 attributes KeyValue*, 2 dropped_attributes_count uint32",
  ScopeSpans: "1 scope Scope, 2 spans Span*, 3 schema_url string",
  Scope: "1 name string, 2 version string, 3 attributes KeyValue*, 4 dropped_attributes_count uint32",
  Span:
    "1 trace_id bytes, 2 span_id bytes, 3 trace_state string, 4 parent_span_id bytes, 16 flags fixed32, 5 name string, " +
    "6 kind int32, 7 start_time_unix_nano fixed64, 8 end_time_unix_nano fixed64, 9 attributes KeyValue*, " +
    "10 dropped_attributes_count uint32, 11 events Event*, 12 dropped_events_count uint32, 13 links Link*, " +
    "14 dropped_links_count uint32, 15 status Status",
  Event: "1 time_unix_nano fixed64, 2 name string, 3 attributes KeyValue*, 4 dropped_attributes_count uint32",
  Link:
    "1 trace_id bytes, 2 span_id bytes, 3 trace_state string, 4 attributes KeyValue*, " +
    "5 dropped_attributes_count uint32, 6 flags fixed32",
  Status: "2 message string, 3 code int32",
  KeyValue: "1 key string, 2 value AnyValue",
  AnyValue:
    "1 string_value string, 2 bool_value bool, 3 int_value int64, 4 double_value double, 5 array_value ArrayValue, " +
    "6 kvlist_value KeyValueList, 7 bytes_value bytes",
  ArrayValue: "1 values AnyValue*",
  KeyValueList: "1 values KeyValue*",
  Response: "1 partial_success PartialSuccess",
  PartialSuccess: "1 rejected_spans int64, 2 error_message string",
};

/** Messages of which only one field is set. */
const ONE_OF = new Set(["AnyValue"]);

const TYPES: Readonly<Record<string, keyof typeof FieldDescriptorProto_Type>> = {
  string: "STRING",
  bytes: "BYTES",
  bool: "BOOL",
  int32: "INT32",
  uint32: "UINT32",
  int64: "INT64",
  fixed32: "FIXED32",
  fixed64: "FIXED64",
  double: "DOUBLE",
};

function fieldOf(text: string, isOneOf: boolean): JsonObject {
  const [number = "", name = "", type = ""] = text.split(" ");
  const plain = type.replace("*", "");
  const known = TYPES[plain];
  return {
    name,
    jsonName: name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    number: Number(number),
    label: type.endsWith("*") ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
    type: known === undefined ? FieldDescriptorProto_Type.MESSAGE : FieldDescriptorProto_Type[known],
    ...(known === undefined ? { typeName: `.otlp.${plain}` } : {}),
    ...(isOneOf ? { oneofIndex: 0 } : {}),
  };
}

function descriptors(): FileDescriptorSet {
  const messageType = Object.entries(MESSAGES).map(([name, fields]) => ({
    name,
    field: fields.split(", ").map((text) => fieldOf(text, ONE_OF.has(name))),
    ...(ONE_OF.has(name) ? { oneofDecl: [{ name: "value" }] } : {}),
  }));
  return fromJson(FileDescriptorSetSchema, {
    file: [{ name: "otlp.proto", package: "otlp", syntax: "proto3", messageType }],
  });
}

const registry = createFileRegistry(descriptors());

function messageOf(name: string): DescMessage {
  const found = registry.getMessage(`otlp.${name}`);
  if (found === undefined) throw new Error(`no message ${name}`);
  return found;
}

/** ExportTraceServiceRequest, and what answers it. */
export const REQUEST: DescMessage = messageOf("Request");
export const RESPONSE: DescMessage = messageOf("Response");

/** A request's bytes as OTLP/JSON: fields that say nothing are left out. */
export function protobufToJson(body: Uint8Array): JsonValue {
  return withIds(toJson(REQUEST, fromBinary(REQUEST, body)), toHex);
}

/** OTLP/JSON as a request's bytes. */
export function jsonToProtobuf(json: JsonValue): Uint8Array {
  return toBinary(REQUEST, fromJson(REQUEST, withIds(json, toBase64)));
}

/** OTLP/JSON as the library would write it. */
export function normalJson(json: JsonValue): JsonValue {
  return protobufToJson(jsonToProtobuf(json));
}

/** A span with what it stands under, each as OTLP/JSON. */
export interface WireSpan {
  readonly name: string;
  readonly span: JsonObject;
  readonly resourceSpans: JsonObject;
  readonly scopeSpans: JsonObject;
}

/** The spans of a protobuf request, in the order in which they stand there. */
export function decodeProtobuf(body: Uint8Array): WireSpan[] {
  return spansIn(protobufToJson(body));
}

/** The spans of a request as OTLP/JSON. */
export function spansIn(json: JsonValue): WireSpan[] {
  return listAt(json, "resourceSpans").flatMap((resource) =>
    listAt(resource, "scopeSpans").flatMap((scope) =>
      listAt(scope, "spans").map((span) => {
        const { scopeSpans: _, ...resourceSpans } = resource;
        const { spans: __, ...scopeSpans } = scope;
        return { name: String(span["name"] ?? ""), span, resourceSpans, scopeSpans };
      }),
    ),
  );
}

function listAt(json: JsonValue, key: string): JsonObject[] {
  const list = isObject(json) ? json[key] : undefined;
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

const IDS = new Set(["traceId", "spanId", "parentSpanId"]);

/** OTLP/JSON has ids in hex where protobuf's JSON has base64. Attributes are lists, so no key of theirs is mistaken. */
function withIds(json: JsonValue, change: (id: string) => string): JsonValue {
  if (Array.isArray(json)) return json.map((item) => withIds(item, change));
  if (!isObject(json)) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key,
      IDS.has(key) && typeof value === "string" ? change(value) : withIds(value, change),
    ]),
  );
}

function toHex(base64: string): string {
  return Buffer.from(base64, "base64").toString("hex");
}

function toBase64(hex: string): string {
  return Buffer.from(hex, "hex").toString("base64");
}
