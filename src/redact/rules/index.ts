// The rules that are built in, by the names that they are chosen by.
import type { Rule } from "../rule.ts";
import { email, phone } from "./contact.ts";
import { apiKey, assigned, jwt, pem } from "./credentials.ts";
import { nationalId } from "./national-ids.ts";
import { ipv4, ipv6 } from "./network.ts";
import { card, iban } from "./payment.ts";
import { authorization, urlCredentials, urlSecret } from "./urls.ts";

/** The name of a rule that is built in. */
export type RuleName =
  | "private-key"
  | "jwt"
  | "api-key"
  | "authorization"
  | "url"
  | "card"
  | "iban"
  | "national-id"
  | "email"
  | "ip"
  | "phone";

/** Each name, and what it finds. Where two find the same piece, the first has it. */
export const RULES: Readonly<Record<RuleName, readonly Rule[]>> = {
  "private-key": [pem],
  jwt: [jwt],
  "api-key": [apiKey, assigned],
  authorization: [authorization],
  url: [urlCredentials, urlSecret],
  card: [card],
  iban: [iban],
  "national-id": [nationalId],
  email: [email],
  ip: [ipv4, ipv6],
  phone: [phone],
};

/** All of them. */
export const RULE_NAMES: readonly RuleName[] = Object.keys(RULES).filter(
  (name): name is RuleName => name in RULES,
);
