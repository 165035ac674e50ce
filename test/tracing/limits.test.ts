// The limits option: what is larger than somebody chose is cut where it is given, and says how much there was.
import { trace } from "@opentelemetry/api";
import fc from "fast-check";
import { InMemoryTracer, type Limits, TeeTracer, TracelightError, Tracer } from "tracelight";
import { DynamoDbTracer } from "tracelight/dynamodb";
import { OtelExporterTracer, registerTracer } from "tracelight/otel";
import { OtlpTracer } from "tracelight/otlp";
import { SqliteTracer } from "tracelight/sqlite";
import { describe, expect, it } from "vitest";
import { disableAll } from "../otel/support.ts";

const spanWith = (limits: Limits | undefined, value: unknown): unknown =>
  new InMemoryTracer({ limits }).startSpan("s").addAttribute("key", value).attributes["key"];

const bytesOf = (value: unknown): number =>
  Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value));

describe("an attribute", () => {
  it("is whole without limits, and where it is small enough", () => {
    const value = { text: "é".repeat(400), list: [1, 2n, true, null, new Date(0)] };
    const captured = new InMemoryTracer().startSpan("s").addAttribute("key", value).attributes["key"];
    for (const limits of [undefined, {}, { maxAttributeBytes: 5000 }, { maxSpanBytes: 5000 }])
      expect(spanWith(limits, value)).toEqual(captured);
    expect(spanWith({ maxAttributeBytes: 100 }, "é".repeat(50))).toBe("é".repeat(50));
  });

  it("that is text keeps its beginning, and says how much there was", () => {
    const cut = spanWith({ maxAttributeBytes: 1000 }, "é".repeat(10_000));
    expect(cut).toMatch(/^é+… \[Cut: 20000 bytes\]$/);
    expect(bytesOf(cut)).toBeLessThanOrEqual(1000);
    expect(bytesOf(cut)).toBeGreaterThan(950);
  });

  it("that is bytes becomes text that shows a few of them", () => {
    expect(spanWith({ maxAttributeBytes: 1000 }, new Uint8Array(5000))).toBe(
      `${"A".repeat(64)}… [Cut: 5000 bytes]`,
    );
    expect(spanWith({ maxAttributeBytes: 5000 }, new Uint8Array(5000))).toEqual(new Uint8Array(5000));
  });

  it("that is nested loses of its largest parts only, and keeps its form", () => {
    const messages = [
      { role: "user", content: [{ text: "What is this?" }, { image: { data: "iVBOR".repeat(100_000) } }] },
      { role: "assistant", content: [{ text: "A cat." }], usage: new Map([["tokens", 12]]) },
    ];
    const cut = spanWith({ maxAttributeBytes: 2000 }, messages);
    expect(cut).toMatchObject([
      {
        role: "user",
        content: [
          { text: "What is this?" },
          { image: { data: expect.stringMatching(/^iVBOR.*\[Cut: 500000 bytes\]$/) } },
        ],
      },
      { role: "assistant", content: [{ text: "A cat." }], usage: new Map([["tokens", 12]]) },
    ]);
    expect(bytesOf(cut)).toBeLessThan(2500);
    expect(Object.isFrozen(cut)).toBe(true);
  });

  it("of more parts than there is room for is the beginning of its text", () => {
    const cut = spanWith({ maxAttributeBytes: 500 }, Array(100_000).fill("row"));
    expect(cut).toMatch(/^\["row", "row", .*… \[Cut: 300000 bytes\]$/);
    expect(bytesOf(cut)).toBeLessThanOrEqual(500);
  });

  it("is within the limit whatever it is, and never throws", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true }),
        (value) => {
          const cut = spanWith({ maxAttributeBytes: 120 }, [value, "x".repeat(1000)]);
          expect(
            JSON.stringify(cut, (_key, part) => (typeof part === "bigint" ? 0 : part)).length,
          ).toBeLessThan(2000);
        },
      ),
    );
    expect(bytesOf(spanWith({ maxAttributeBytes: 100 }, { ["k".repeat(5000)]: "x" }))).toBeLessThanOrEqual(
      100,
    );
    expect(spanWith({ maxAttributeBytes: 100 }, "\ud83d\ude00".repeat(1000))).toMatch(
      /^(?:\u{1f600})+… \[Cut: 4000 bytes\]$/u,
    );
  });

  it("of a history that is given again is shared as long as it is not cut", () => {
    const tracer = new InMemoryTracer({ limits: { maxAttributeBytes: 10_000 } });
    const history: object[] = [];
    for (let i = 0; i < 50; i++) {
      history.push({ role: "user", content: `message ${i}` });
      tracer.startSpan("call").addAttribute("messages", history).end();
    }
    const [first, second] = tracer
      .getTraces()
      .slice(-2)
      .map(({ attributes }) => attributes["messages"]);
    expect(Reflect.get(Object(first), 3)).toBe(Reflect.get(Object(second), 3));
  });
});

describe("a span", () => {
  it("takes so many bytes altogether: attributes, events, links, an error's text", () => {
    const tracer = new InMemoryTracer({ limits: { maxSpanBytes: 1000 } });
    const span = tracer.startSpan("s", { attributes: { first: "a".repeat(600) } });
    span.addAttribute("second", "b".repeat(600)).addAttribute("number", 42).addAttribute("flag", true);
    span.addEvent("event", { text: "c".repeat(600) });
    span.addLink({ traceId: "a".repeat(32), spanId: "b".repeat(16), attributes: { text: "d".repeat(600) } });
    span.recordException(new Error("e".repeat(600)));
    const { attributes, events, links, statusMessage } = span;
    expect(attributes).toMatchObject({ first: "a".repeat(600), number: 42, flag: true });
    expect(attributes["second"]).toMatch(/^b{300,400}… \[Cut: 600 bytes\]$/);
    expect(events[0]?.attributes).toEqual({ text: "… [Cut: 600 bytes]" });
    expect(links[0]?.attributes).toEqual({ text: "… [Cut: 600 bytes]" });
    expect([attributes["exception.message"], statusMessage]).toEqual(Array(2).fill("… [Cut: 600 bytes]"));
  });

  it("counts what is there at last where an attribute is set again", () => {
    const span = new InMemoryTracer({ limits: { maxSpanBytes: 1000 } }).startSpan("s");
    for (let i = 0; i < 50; i++) span.addAttribute("text", `${i}`.padEnd(900, "x"));
    expect(span.attributes["text"]).toBe("49".padEnd(900, "x"));
  });

  it("passes what was cut to process, to children and to snapshots", () => {
    const seen: unknown[] = [];
    const process = ({ attributes }: { attributes: Record<string, unknown> }) =>
      void seen.push(attributes["text"]);
    const tracer = new InMemoryTracer({ limits: { maxAttributeBytes: 100 }, process });
    const parent = tracer.startSpan("parent").addAttribute("text", "x".repeat(1000), { inheritable: true });
    tracer.startSpan("child", { parentSpan: parent }).end();
    const cut = expect.stringMatching(/^x+… \[Cut: 1000 bytes\]$/);
    expect([...seen, parent.snapshot().attributes["text"]]).toEqual([cut, cut]);
  });

  it("of a library over OpenTelemetry's API has the same limits", () => {
    const tracer = new InMemoryTracer({ limits: { maxAttributeBytes: 100 } });
    const undo = registerTracer(tracer);
    const span = trace.getTracer("a library").startSpan("s", { attributes: { a: "x".repeat(500) } });
    span
      .setAttribute("b", "y".repeat(500))
      .addEvent("e", { c: "z".repeat(500) })
      .end();
    undo();
    disableAll();
    const [found] = tracer.getTraces();
    for (const value of [...Object.values(found?.attributes ?? {}), found?.events[0]?.attributes?.["c"]])
      expect(value).toMatch(/^.{60,85}… \[Cut: 500 bytes\]$/);
  });
});

describe("the option", () => {
  it("is checked at construction, by every tracer", () => {
    const limits: Limits = JSON.parse('{"maxAttributeBytes": 3}');
    for (const make of [
      () => new Tracer({ name: "s", write: () => undefined }, { limits }),
      () => new TeeTracer({ limits }),
      () => new InMemoryTracer({ limits }),
      () => new SqliteTracer({ path: "never.db", limits }),
      () => new DynamoDbTracer({ tableName: "Traces", limits }),
      () => new OtlpTracer({ limits }),
    ])
      expect(make).toThrow(/"maxAttributeBytes" of limits must be a whole number of at least 100, not 3/);
    for (const wrong of ['{"bytes": 1000}', "42", "null"])
      expect(() => new InMemoryTracer({ limits: JSON.parse(wrong) })).toThrow(TracelightError);
  });

  it("reaches the spans of every tracer", async () => {
    const limits = { maxAttributeBytes: 100 };
    const exporter = { export: () => undefined, shutdown: async () => undefined };
    for (const tracer of [
      new TeeTracer({ limits }),
      new SqliteTracer({ path: "never.db", recordStarts: false, limits, onError: () => undefined }),
      new DynamoDbTracer({ tableName: "Traces", limits, onError: () => undefined }),
      new OtlpTracer({ limits, onError: () => undefined }),
      new OtelExporterTracer(exporter, { limits, onError: () => undefined }),
    ]) {
      const span = tracer.startSpan("s").addAttribute("key", "x".repeat(1000));
      expect(span.attributes["key"]).toMatch(/\[Cut: 1000 bytes\]$/);
    }
  });
});
