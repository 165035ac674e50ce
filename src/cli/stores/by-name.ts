// Stores that are known by how their name begins, such as `dynamodb:Table`: a line for each, whose file is loaded when one is named.
import type { NamedStores } from "./named.ts";

/** By the beginning of the name. */
const BY_BEGINNING: Readonly<Record<string, () => Promise<NamedStores>>> = {
  "dynamodb:": async () => (await import("./dynamodb.ts")).dynamoDbTables,
};

/** The back end of such a name; undefined where it is a file's. */
export function namedStores(name: string): (() => Promise<NamedStores>) | undefined {
  const beginning = `${name.split(":", 1).join()}:`;
  return Object.hasOwn(BY_BEGINNING, beginning) ? BY_BEGINNING[beginning] : undefined;
}
