// tracelight/redact: secrets and personal data stay out of every sink.
export { type OwnRule, type RedactOptions, redact } from "./redact.ts";
export type { Replacement } from "./replacement.ts";
export { RULE_NAMES, type RuleName } from "./rules/index.ts";
