// The two forms of OTLP over HTTP.

/** How OTLP is written: its protobuf messages, or their JSON. */
export type OtlpEncoding = "protobuf" | "json";
