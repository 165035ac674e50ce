// tracelight/testing: assertions about traces, and the contracts that every sink and store keeps. For any test runner.
export type { Budget } from "./assertions/budgets.ts";
export {
  expectTraces,
  type NegatedExpectations,
  type ToolCallExpectations,
  type TraceAssertions,
  type TraceExpectations,
} from "./assertions/expect.ts";
export {
  type AsymmetricMatcher,
  type Expected,
  type ExpectedText,
  type Part,
  partially,
} from "./assertions/expected.ts";
export type { Times } from "./assertions/finding.ts";
export type {
  ExpectedAgent,
  ExpectedModelCall,
  ExpectedSpan,
  ExpectedToolCall,
  ExpectedTurn,
} from "./assertions/findings.ts";
export type { CallTools, ExpectedCall, ToolOrder } from "./assertions/tool-order.ts";
export type { ExpectOptions } from "./assertions/view.ts";
export type { MatchTraceOptions } from "./golden/match.ts";
export type { NoiseRules } from "./golden/noise.ts";
export { type TraceMatchers, traceMatchers } from "./matchers.ts";
export { type ContractTest, type MakeTracer, sinkContract } from "./sink-contract.ts";
export { storeContract } from "./store-contract.ts";
