// An SQLite file as a store of the command.
import type { OpenStore } from "../store.ts";

/** Opens the file at `path`; to be written to, it is made where it is missing. */
export async function openSqlite(path: string, options: { readonly readOnly: boolean }): Promise<OpenStore> {
  const { openSqliteFile } = await import("../../sqlite/file.ts");
  return openSqliteFile(path, options);
}
