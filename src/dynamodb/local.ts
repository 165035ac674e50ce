// An embedded DynamoDB for development and tests: dynalite, in this process, on the loopback address.
import type { Server } from "node:http";
import { requireInstalled } from "../delivery/installed.ts";
import { defined } from "../model/defined.ts";
import { TracelightError } from "../model/errors.ts";
import { checkOptions, is } from "../model/options.ts";

/** Options of `startLocalDynamoDb`. */
export interface LocalDynamoDbOptions {
  /** Default: a free one. */
  readonly port?: number | undefined;
  /** A folder to keep the tables in. Default: in memory. */
  readonly path?: string | undefined;
}

/** A running emulator. */
export interface LocalDynamoDb extends AsyncDisposable {
  /** The URL to give as `endpoint`. */
  readonly endpoint: string;
  /** Where it listens. */
  readonly port: number;
  /** Stops it; its tables are gone. */
  close(): Promise<void>;
}

/**
 * Starts an emulator of DynamoDB on 127.0.0.1. Needs the package `dynalite`. It has no throttling, no eventual consistency
 * and no TTL.
 *
 * @example
 * ```ts
 * await using dynamoDb = await startLocalDynamoDb();
 * await ensureTable({ tableName: "MyTracesTable", endpoint: dynamoDb.endpoint });
 * ```
 *
 * @throws (rejects) TracelightError `MISSING_DEPENDENCY`, `INVALID_OPTION`, or `DYNAMODB_FAILED` for a port that is taken.
 */
export async function startLocalDynamoDb(options: LocalDynamoDbOptions = {}): Promise<LocalDynamoDb> {
  checkOptions(options, { owner: "startLocalDynamoDb", checks: { port: is.count(0), path: is.text } });
  const server = createServer(options.path);
  const port = await listen(server, options.port ?? 0);
  const close = () => closeServer(server);
  return { endpoint: `http://127.0.0.1:${port}`, port, close, [Symbol.asyncDispose]: close };
}

function createServer(path: string | undefined): Server {
  return loadDynalite()({
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
    ...defined({ path }),
  });
}

type Dynalite = (options: object) => Server;

/** The package has no types of its own. */
function loadDynalite(): Dynalite {
  let module: unknown;
  try {
    module = requireInstalled("dynalite").module;
  } catch (error) {
    throw new TracelightError("MISSING_DEPENDENCY", "The emulator needs dynalite: npm install dynalite.", {
      cause: error,
    });
  }
  if (isDynalite(module)) return module;
  throw new TracelightError(
    "MISSING_DEPENDENCY",
    "This version of dynalite cannot be used; install dynalite 4.",
  );
}

function isDynalite(module: unknown): module is Dynalite {
  return typeof module === "function";
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const mend = "choose another port, or none for a free one";
      reject(
        new TracelightError("DYNAMODB_FAILED", `The emulator cannot listen on port ${port}; ${mend}.`, {
          cause: error,
        }),
      );
    });
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
