// Addresses of machines.
import { isIPv6 } from "node:net";
import { byPattern, type Rule } from "../rule.ts";
import { HAS } from "../survey.ts";

/** IPv4 addresses; those that name this machine or none (127.0.0.1, 0.0.0.0) stay, and so do versions. */
export const ipv4: Rule = byPattern({
  label: "IP",
  hints: HAS.dots,
  pattern:
    /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?![\w]|\.\d)/g,
  accepts: (piece, before) => !/^(?:127\.|0\.|255\.255\.)|\.0\.0\.0$/.test(piece) && !VERSION.test(before),
});

const VERSION =
  /(?:\b(?:v|ver|version|release|build|rev|revision|section|chapter|clause|article|figure|step|rule|oid)|[A-Za-z]\/|§)[ .:=#]{0,3}$/i;

/** IPv6 addresses: RFC 4291, with a zone or a prefix length; `::1`, `::` and what code writes with two colons stay. */
export const ipv6: Rule = byPattern({
  label: "IP",
  hints: HAS.colons,
  pattern: /(?<![\w:.])[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{1,36}(?:\.\d{1,3}){0,3}(?![\w:])/g,
  accepts: isAddress,
  canonical: (piece) => piece.toLowerCase(),
});

function isAddress(piece: string): boolean {
  const groups = piece.split(":").filter((group) => group !== "");
  return /\d/.test(piece) && groups.length >= 2 && isIPv6(piece);
}
