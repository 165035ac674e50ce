// Which names are those by which only this machine reaches itself.
import { isIP } from "node:net";

/** True for a host, without its port, by which only this machine reaches itself. */
export function isOfThisMachine(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, "$1");
  if (name === "localhost" || name.endsWith(".localhost") || name === "::1") return true;
  return isIP(name) === 4 && name.startsWith("127.");
}
