// What is wrong with a DynamoDB table, with the mend that the shell has for it.
import type { DynamoDbTracerOptions } from "../../dynamodb/tracer.ts";
import type { TracelightErrorCode } from "../../model/error-codes.ts";
import { messageOf, TracelightError } from "../../model/errors.ts";

/** Where a table is, as the command was told. */
export type TableLocation = Pick<DynamoDbTracerOptions, "tableName" | "region" | "endpoint">;

/** The same error; where its mend is one of code, with a command that does it. */
export function inShell(error: unknown, table: TableLocation): unknown {
  if (!(error instanceof TracelightError)) return error;
  const says = SAYINGS.get(error.code)?.(table);
  if (says === undefined) return error;
  const why = error.cause === undefined ? "" : `. (${messageOf(error.cause)})`;
  return new TracelightError(error.code, says + why, { cause: error.cause });
}

/** The command that makes the table, or checks it. */
export function createTableLine({ tableName, region, endpoint }: TableLocation): string {
  const where = [
    ...(region === undefined ? [] : ["--region", region]),
    ...(endpoint === undefined ? [] : ["--endpoint", endpoint]),
  ];
  return ["tracelight create-table", tableName, ...where].join(" ");
}

type Saying = (table: TableLocation) => string;

const SAYINGS: ReadonlyMap<string, Saying> = new Map<TracelightErrorCode, Saying>([
  [
    "TABLE_NOT_FOUND",
    (table) =>
      `The table "${table.tableName}" does not exist in this region or at this endpoint; make it with: ${createTableLine(table)}`,
  ],
  [
    "TABLE_SCHEMA",
    (table) =>
      `The table "${table.tableName}" lacks the keys or the index that traces need, or the store's parameters index and recentIndex name none of its own; how it differs says: ${createTableLine(table)}`,
  ],
]);
