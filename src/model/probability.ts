// What share of traces is kept, as OpenTelemetry's consistent probability sampling has it: `ot=th:…;rv:…` in trace state.
// Source: https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/

/** Which traces of a share are kept: those whose randomness is at least `at`. */
export interface Threshold {
  /** Of 52 bits. */
  readonly at: number;
  /** The same as trace state has it: hex digits of 56 bits, without zeros at their end. */
  readonly th: string;
}

/** Keeps all. */
const ALL: Threshold = { at: 0, th: "0" };

/** The bits of randomness that are compared: as many as a number has. Our own thresholds have no more. */
const RANDOM_BITS = 52;
/** Hex digits of those. */
const RANDOM_DIGITS = RANDOM_BITS / 4;
/** Hex digits of all randomness: the last of a trace's id. */
const ALL_DIGITS = 14;
/** As many digits of a threshold say something: the share is right to about a hundredth of a percent. */
const PRECISION = 4;

let latestShare = 1;
let latest: Threshold | undefined = ALL;

/** The threshold of a share above 0 and up to 1; undefined for 0, of which nothing is kept. */
export function thresholdOf(share: number): Threshold | undefined {
  if (share === latestShare) return latest;
  latest = share === 0 ? undefined : madeThreshold(share);
  latestShare = share;
  return latest;
}

/** Small shares need more digits, the first of which are all `f`. */
function madeThreshold(share: number): Threshold {
  const digits = Math.min(RANDOM_DIGITS, PRECISION + Math.floor(-Math.log2(share) / 4));
  const kept = Math.max(1, Math.round(share * 16 ** digits));
  const rejected = 16 ** digits - kept;
  if (rejected === 0) return ALL;
  const th = rejected.toString(16).padStart(digits, "0").replace(/0+$/, "");
  return { at: rejected * 16 ** (RANDOM_DIGITS - digits), th };
}

/** The randomness of a trace, 52 bits of it: `rv` where its trace state says one, else the last digits of its id. */
export function randomnessOf(traceId: string, traceState: string | undefined): number {
  const digits = (traceState && memberOf(traceState, RANDOM_VALUE)) || traceId.slice(-ALL_DIGITS);
  return Number.parseInt(digits.slice(0, RANDOM_DIGITS), 16);
}

/** The share of traces like this that was kept so far; 1 where the trace state does not say, or cannot be right. */
export function keptShare(traceId: string, traceState: string | undefined): number {
  if (traceState === undefined) return 1;
  const th = memberOf(traceState, THRESHOLD);
  if (th === undefined) return 1;
  const randomness = memberOf(traceState, RANDOM_VALUE) ?? traceId.slice(-ALL_DIGITS);
  // One that would not have kept this trace is somebody's mistake.
  if (randomness < th.padEnd(ALL_DIGITS, "0")) return 1;
  return shareOf(th);
}

/** How many spans one stands for: 1 where all were kept. */
export function adjustedCountOf(traceId: string, traceState: string | undefined): number {
  return traceState === undefined ? 1 : 1 / keptShare(traceId, traceState);
}

/** Of the digits in two halves, since a number has not 56 bits. */
function shareOf(th: string): number {
  const digits = th.padEnd(ALL_DIGITS, "0");
  const half = 16 ** (ALL_DIGITS / 2);
  const [high, low] = [digits.slice(0, ALL_DIGITS / 2), digits.slice(ALL_DIGITS / 2)];
  const kept = (half - 1 - Number.parseInt(high, 16)) * half + (half - Number.parseInt(low, 16));
  return kept / (half * half);
}

/** The trace state with that threshold in place of the one it may have; undefined takes it out. */
export function withThreshold(traceState: string | undefined, th: string | undefined): string | undefined {
  const members = traceState === undefined ? [] : traceState.split(",");
  const own = members.find((member) => member.startsWith(OWN)) ?? OWN;
  const others = members.filter((member) => !member.startsWith(OWN));
  const parts = own
    .slice(OWN.length)
    .split(";")
    .filter((part) => part !== "" && !part.startsWith("th:"));
  if (th !== undefined) parts.unshift(`th:${th}`);
  const changed = parts.length === 0 ? others : [`${OWN}${parts.join(";")}`, ...others];
  return changed.length === 0 ? undefined : changed.slice(0, MAX_MEMBERS).join(",");
}

/** A part of OpenTelemetry's member of a trace state, in lower case. */
function memberOf(traceState: string, part: RegExp): string | undefined {
  return part.exec(traceState)?.[1]?.toLowerCase();
}

const OWN = "ot=";
const MAX_MEMBERS = 32;
const THRESHOLD = /(?:^|,)\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?![^,;])/i;
const RANDOM_VALUE = /(?:^|,)\s*ot=(?:[^,]*;)?rv:([0-9a-f]{14})(?![^,;])/i;
