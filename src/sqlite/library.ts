// What SQLite libraries export, as one way to open files.
import type { Connection, Driver } from "./connection.ts";
import { type Library, readChecked, readPacked, strict } from "./strict-rows.ts";

type Open = new (path: string, options: object) => Library;

/**
 * How the library opens files.
 * @throws TypeError for a module that is not the library
 */
export function libraryIn(name: Driver["name"], module: unknown): Driver["open"] {
  const isBuiltIn = name === "node:sqlite";
  const open = isConstructor(module) ? module : constructorIn(module, isBuiltIn ? "DatabaseSync" : "default");
  if (open === undefined) throw new TypeError("it exports no Database");
  const connect = (path: string, options: object): Connection =>
    strict(new open(path, options), isBuiltIn ? readChecked : readPacked);
  return (path, { readOnly = false } = {}) => {
    if (!readOnly) return connect(path, {});
    // Newer Node refuses what reads a file that was cut, unless told.
    const connection = connect(path, isBuiltIn ? { readOnly: true, defensive: false } : { readonly: true });
    // libsql opens such a file to write all the same.
    connection.exec("PRAGMA query_only = 1");
    return connection;
  };
}

function constructorIn(module: unknown, name: string): Open | undefined {
  const found: unknown = typeof module === "object" && module !== null && Reflect.get(module, name);
  return isConstructor(found) ? found : undefined;
}

function isConstructor(value: unknown): value is Open {
  return typeof value === "function" && typeof value.prototype?.prepare === "function";
}
