// `tracelight dynamodb-local`: the emulator, until Ctrl-C.
import { once } from "node:events";
import { startLocalDynamoDb } from "../../dynamodb/local.ts";
import { defined } from "../../model/defined.ts";
import type { Context } from "../context.ts";
import { EXIT, type ExitCode } from "../world.ts";

/** Options of `dynamodb-local`. */
export interface DynamoDbLocalOptions {
  readonly port?: number;
  readonly path?: string;
}

/** Runs the emulator; Ctrl-C is how it ends, so that is no failure. */
export async function dynamoDbLocal(
  { output, world }: Context,
  { port, path }: DynamoDbLocalOptions,
): Promise<ExitCode> {
  const dynamoDb = await startLocalDynamoDb({
    ...defined({ port, path }),
  });
  await output.line(dynamoDb.endpoint);
  await output.say(`Use it as dynamodb:Traces?endpoint=${dynamoDb.endpoint}; Ctrl-C ends it.`, "grey");
  if (!world.signal.aborted) await once(world.signal, "abort");
  await dynamoDb.close();
  return EXIT.ok;
}
