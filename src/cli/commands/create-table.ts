// `tracelight create-table`: a DynamoDB table for traces, created or checked.
import { ensureTable } from "../../dynamodb/table.ts";
import { defined } from "../../model/defined.ts";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../world.ts";

/** Options of `create-table`. */
export interface CreateTableOptions {
  readonly region?: string;
  readonly endpoint?: string;
  readonly index?: string;
  readonly recentIndex?: boolean;
  readonly recentIndexName?: string;
}

/** Creates the table where it is missing, and says how one that is there differs. */
export async function createTable(
  { output }: Context,
  tableName: string,
  { region, endpoint, index, recentIndex, recentIndexName }: CreateTableOptions,
): Promise<ExitCode> {
  const { created, differences } = await ensureTable({
    tableName,
    ...defined({ region, endpoint, conversationIdGsiName: index }),
    ...defined({ recentIndex: recentIndex || recentIndexName ? (recentIndexName ?? true) : undefined }),
  });
  await output.say(
    created ? `The table ${tableName} was created.` : `The table ${tableName} is there already.`,
  );
  for (const difference of differences) await output.say(difference, "yellow");
  return EXIT.ok;
}
