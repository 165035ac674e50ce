// tracelight/dynamodb: spans in a DynamoDB table, shared with the Python Generative AI Toolkit.
export type { ConnectionOptions, DynamoDbClientLike } from "./client.ts";
export type { KeyLayout } from "./layout.ts";
export { type LocalDynamoDb, type LocalDynamoDbOptions, startLocalDynamoDb } from "./local.ts";
export { ensureTable, type TableOptions, type TableReport } from "./table.ts";
export { DynamoDbTracer, type DynamoDbTracerOptions } from "./tracer.ts";
