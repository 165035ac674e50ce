// tracelight/sqlite: spans in a file, with no server.
export { openSqliteFile, type SqliteFileOptions } from "./file.ts";
export type { RetentionOptions } from "./retention.ts";
export { SqliteTracer, type SqliteTracerOptions } from "./tracer.ts";
export type { Durability } from "./writer.ts";
