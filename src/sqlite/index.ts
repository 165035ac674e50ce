// tracelight/sqlite: spans in a file, with no server.

export type { Changes } from "./changes.ts";
export {
  type FileSearchOptions,
  type FileSearchPage,
  type FoundId,
  type Imported,
  openSqliteFile,
  type SqliteFile,
  type SqliteFileOptions,
} from "./file.ts";
export type { Removed, RetentionOptions } from "./retention.ts";
export type { IndexProgress } from "./search.ts";
export { SqliteTracer, type SqliteTracerOptions } from "./tracer.ts";
export type { Durability } from "./writer.ts";
