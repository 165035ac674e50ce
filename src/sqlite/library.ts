// What SQLite libraries export, as one way to open files.
import type { Connection, Driver } from "./connection.ts";

type Open = new (path: string, options: object) => Connection;

/**
 * How the library opens files.
 * @throws TypeError for a module that is not the library
 */
export function libraryIn(name: Driver["name"], module: unknown): Driver["open"] {
  return name === "node:sqlite"
    ? opener(constructorIn(module, "DatabaseSync"), "readOnly")
    : opener(isConstructor(module) ? module : constructorIn(module, "default"), "readonly");
}

function opener(open: Open | undefined, readOnlyName: string): Driver["open"] {
  if (open === undefined) throw new TypeError("it exports no Database");
  return (path, { readOnly = false } = {}) => {
    if (!readOnly) return new open(path, {});
    const connection = new open(path, { [readOnlyName]: true });
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
