// Where a server listens: at one address, or at both by which a machine reaches itself.
import type { Server } from "node:http";
import { errorCode, messageOf, TracelightError } from "../model/errors.ts";

/** Servers that listen at one port. */
export interface Listening {
  readonly servers: readonly Server[];
  readonly port: number;
  /** Of the first of them. */
  readonly url: string;
}

/**
 * Listens at the host, with a server for each of its addresses; 0 takes any port that is free.
 * @throws (rejects) TracelightError `LISTEN_FAILED`
 */
export async function listenAt(host: string, port: number, make: () => Server): Promise<Listening> {
  const addresses = host === "localhost" ? LOOPBACKS : [host];
  for (let tries = port === 0 ? TRIES : 1; ; tries--) {
    try {
      return await listenAtAll(addresses, port, make);
    } catch (error) {
      // A port that is free by IPv4 may be taken by IPv6.
      if (tries === 1 || !isTaken(error)) throw error;
    }
  }
}

async function listenAtAll(
  addresses: readonly string[],
  wanted: number,
  make: () => Server,
): Promise<Listening> {
  const servers: Server[] = [];
  let port = wanted;
  let url = "";
  for (const [i, address] of addresses.entries()) {
    const server = make();
    try {
      port = await listen(server, port, address);
    } catch (error) {
      // The last address is wanted where no other is there.
      if (isMissing(error) && (servers.length > 0 || i + 1 < addresses.length)) continue;
      for (const other of servers) other.close();
      throw error;
    }
    servers.push(server);
    url ||= `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
  }
  return { servers, port, url };
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    // It stays: an error later on, such as one of too many files, is no reason to end.
    server.on("error", (error) => reject(notListening(error, port, host)));
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function notListening(error: Error, port: number, host: string): TracelightError {
  const what =
    errorCode(error) === "EADDRINUSE"
      ? `Port ${port} of ${host} is taken, maybe by another collector: end that, or choose another port`
      : `Port ${port} of ${host} cannot be listened on: ${messageOf(error)}`;
  return new TracelightError("LISTEN_FAILED", `${what}.`, { cause: error });
}

function isTaken(error: unknown): boolean {
  return error instanceof TracelightError && errorCode(error.cause) === "EADDRINUSE";
}

/** True where the machine has no such address, as one without IPv6. */
function isMissing(error: unknown): boolean {
  const code = error instanceof TracelightError ? errorCode(error.cause) : undefined;
  return code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT";
}

const LOOPBACKS = ["127.0.0.1", "::1"];
const TRIES = 5;
