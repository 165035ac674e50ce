// What a test of jest does, with jest's own `expect`, in a process of its own: vitest's lies in the same place of the global object.
import { expect as jestExpect } from "expect";
import { InMemoryTracer } from "tracelight";

Object.assign(globalThis, { expect: jestExpect });
await import("tracelight/jest");
jestExpect.setState({
  testPath: process.argv[2] ?? "",
  ...{ snapshotState: { _updateSnapshot: process.argv[3] } },
});

const tracer = new InMemoryTracer();
tracer.trace("get_weather", (tool) => {
  tool.addAttributes({ "ai.trace.type": "tool-invocation", "ai.tool.input": { city: process.argv[4] } });
});
const assertions = [
  () => jestExpect(tracer).toHaveToolCall("get_weather", { input: { city: jestExpect.any(String) } }),
  () => jestExpect(tracer).not.toHaveToolCall("book_hotel"),
  () => jestExpect(tracer).not.toHaveToolCall("get_weather"),
  () => jestExpect(tracer).toMatchTrace("weather"),
];
console.log(JSON.stringify(assertions.map(messageOf)));

function messageOf(assert: () => void): string {
  try {
    assert();
    return "holds";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
