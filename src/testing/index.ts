// tracelight/testing: assertions about traces, and the contracts that every sink and store keeps. For any test runner.
export { type ExpectedSpan, type ExpectedToolCall, expectTraces, type TraceExpectations } from "./expect.ts";
export { type ContractTest, type MakeTracer, sinkContract } from "./sink-contract.ts";
export { storeContract } from "./store-contract.ts";
