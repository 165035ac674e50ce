// tracelight/sampling: which traces are kept.
export { type SampleOptions, type SampleRule, sample } from "./head.ts";
export { costsMore, failed, type Keep, slowerThan, type TraceSoFar, where } from "./keep.ts";
export type { Share } from "./limiter.ts";
export { type KeepRule, type TailOptions, tailSampling } from "./tail.ts";
