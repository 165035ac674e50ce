// inject and extract: W3C Trace Context and Baggage, any carrier, hostile headers; and one tree over two processes.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  trace,
} from "@opentelemetry/api";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { build } from "esbuild";
import fc from "fast-check";
import { InMemoryTracer, Span } from "tracelight";
import { extract, extractBaggage, inject, registerTracer } from "tracelight/otel";
import { afterAll, describe, expect, it, vi } from "vitest";
import { anyCharacter } from "../characters.ts";
import { treeOf } from "./support.ts";

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const PARENT = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: 1 };

describe("inject", () => {
  const tracer = new InMemoryTracer();

  it("names the active span; without one it adds nothing", () => {
    expect(inject({ accept: "text/plain" })).toEqual({ accept: "text/plain" });
    tracer.trace("span", (span) => {
      expect(inject({})).toEqual({ traceparent: `00-${span.traceId}-${span.spanId}-01` });
    });
  });

  it("names the span it is given, or a remote parent, with its flags and trace state", () => {
    const span = tracer.startSpan("span", { parentSpan: { ...PARENT, traceState: "a=1" } });
    expect(inject({}, span)).toEqual({
      traceparent: `00-${PARENT.traceId}-${span.spanId}-01`,
      tracestate: "a=1",
    });
    expect(inject({}, { ...PARENT, traceFlags: 0 })).toEqual({
      traceparent: TRACEPARENT.replace(/01$/, "00"),
    });
    expect(inject({}, { traceId: "none", spanId: "none" })).toEqual({});
  });

  it("writes into whatever holds headers, in place of what was there", () => {
    expect(inject({ Traceparent: "old" }, PARENT)).toEqual({ traceparent: TRACEPARENT });
    expect(inject(new Headers({ traceparent: "old" }), PARENT).get("traceparent")).toBe(TRACEPARENT);
    expect(inject(new Map(), PARENT).get("traceparent")).toBe(TRACEPARENT);
    expect(inject([["a", "b"]], PARENT)).toEqual([
      ["a", "b"],
      ["traceparent", TRACEPARENT],
    ]);
    expect(inject(["A", "b", "TraceParent", "old"], PARENT)).toEqual(["A", "b", "traceparent", TRACEPARENT]);
    const message = { method: "tools/call", params: { _meta: { progressToken: 1 } } };
    inject(message.params._meta, PARENT);
    expect(message.params._meta).toEqual({ progressToken: 1, traceparent: TRACEPARENT });
  });

  it("gives back what it cannot write to, with one warning of each fault: it never throws into the app", () => {
    const warn = vi.spyOn(process, "emitWarning").mockReturnValue();
    for (const carrier of [null, 5, "x", Response.error().headers])
      expect(Reflect.apply(inject, undefined, [carrier, PARENT])).toBe(carrier);
    const warnings = warn.mock.calls.map(([message]) => message);
    warn.mockRestore();
    expect(warnings).toEqual([
      expect.stringMatching(/^inject could not write into the carrier it was given: .*non-object/),
      expect.stringMatching(/^inject could not write into the carrier it was given: immutable/),
    ]);
  });

  it("writes baggage, encoded", () => {
    const baggage = { "user id": "ä, b; c=d", empty: "" };
    const headers = inject({}, undefined, { baggage });
    expect(headers).toEqual({ baggage: "user%20id=%C3%A4%2C%20b%3B%20c%3Dd,empty=" });
    expect(extractBaggage(headers)).toEqual({ "user id": "ä, b; c=d", empty: "" });
  });
});

describe("extract", () => {
  it.each<[string, unknown]>([
    ["an object", { traceparent: TRACEPARENT }],
    ["an object, in any case", { TraceParent: TRACEPARENT }],
    ["Node's headers", { traceparent: [TRACEPARENT] }],
    ["Headers", new Headers({ traceparent: TRACEPARENT })],
    ["a Map", new Map([["traceparent", TRACEPARENT]])],
    [
      "pairs",
      [
        ["x", "y"],
        ["Traceparent", TRACEPARENT],
      ],
    ],
    ["raw headers", ["x", "y", "Traceparent", TRACEPARENT]],
    ["with spaces around", { traceparent: `\t${TRACEPARENT} ` }],
    ["of a later version", { traceparent: `cc${TRACEPARENT.slice(2)}-what-comes` }],
  ])("reads %s", (_name, carrier) => {
    expect(extract(carrier)).toEqual(PARENT);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["no header", {}],
    ["a text", TRACEPARENT],
    ["all-zero trace id", { traceparent: `00-${"0".repeat(32)}-b7ad6b7169203331-01` }],
    ["all-zero span id", { traceparent: `00-0af7651916cd43dd8448eb211c80319c-${"0".repeat(16)}-01` }],
    ["version ff", { traceparent: `ff${TRACEPARENT.slice(2)}` }],
    ["version 00 with more", { traceparent: `${TRACEPARENT}-more` }],
    ["a later version without a dash", { traceparent: `cc${TRACEPARENT.slice(2)}.more` }],
    ["upper case", { traceparent: TRACEPARENT.toUpperCase() }],
    ["two of them", { traceparent: [TRACEPARENT, TRACEPARENT] }],
    ["a number", { traceparent: 5 }],
  ])("finds no parent in %s", (_name, carrier) => {
    expect(extract(carrier)).toBeUndefined();
  });

  it("takes a trace state that W3C allows, and leaves out one that it does not", () => {
    const stateOf = (tracestate: unknown) => extract({ traceparent: TRACEPARENT, tracestate })?.traceState;
    expect(stateOf("a=1, b@c=2 ,,d_-*/=x y")).toBe("a=1,b@c=2,d_-*/=x y");
    expect(stateOf(["a=1", "b=2"])).toBe("a=1,b=2");
    const many = Array.from({ length: 33 }, (_, i) => `k${i}=v`);
    for (const bad of ["", "A=1", "a", "=1", "a=1=2", `${"a".repeat(257)}=1`, "a=\u0007", "a=ä", many.join()])
      expect(stateOf(bad)).toBeUndefined();
    expect(stateOf(many.slice(1).join())).toBe(many.slice(1).join());
  });

  it("reads baggage, and keeps to W3C's sizes", () => {
    expect(extractBaggage({ baggage: "a=1;prop=x, b = two%20words ,bad,=no,c=%" })).toEqual({
      a: "1",
      b: "two words",
      c: "%",
    });
    const long = Array.from({ length: 5000 }, (_, i) => `k${i}=v`).join();
    expect(Object.keys(extractBaggage({ baggage: long })).length).toBe(180);
    expect(Object.getPrototypeOf(extractBaggage({ baggage: "__proto__=1" }))).toBe(Object.prototype);
  });
});

describe("any input", () => {
  const hostile = fc.oneof(
    fc.anything({ withNullPrototype: true, withMap: true }),
    fc.string({ unit: anyCharacter }),
  );

  it("is a parent with valid ids, or none; nothing throws", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (traceparent, tracestate, baggage) => {
        const carrier = { traceparent, tracestate, baggage };
        for (const from of [
          carrier,
          traceparent,
          new Map(Object.entries(carrier)),
          Object.entries(carrier),
        ]) {
          const parent = extract(from);
          expect(parent?.traceId ?? PARENT.traceId).toMatch(/^[0-9a-f]{32}$/);
          expect(Object.values(extractBaggage(from)).every((value) => typeof value === "string")).toBe(true);
        }
      }),
    );
  });

  it("a carrier whose getters throw is one without headers", () => {
    const throwing = new Proxy({}, { get: () => expect.fail("read"), ownKeys: () => expect.fail("listed") });
    expect([extract(throwing), extractBaggage(throwing)]).toEqual([undefined, {}]);
  });

  it("headers near the grammar are read as OpenTelemetry reads them, where it is as strict", () => {
    const theirs = new W3CTraceContextPropagator();
    const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
    const header = fc.tuple(fc.constantFrom("00", "01", "cc", "ff", "0"), hex(32), hex(16), hex(2));
    fc.assert(
      fc.property(header, (parts) => {
        const traceparent = parts.join("-");
        const extracted = theirs.extract(ROOT_CONTEXT, { traceparent }, defaultTextMapGetter);
        expect(extract({ traceparent })?.spanId).toBe(trace.getSpanContext(extracted)?.spanId);
      }),
    );
  });

  it("what inject writes, extract reads", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
    const flags = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(flags, fc.dictionary(text, text, { maxKeys: 8 }), (traceFlags, baggage) => {
        const parent = { ...PARENT, traceFlags, traceState: "a=1,b=2" };
        const headers = inject({}, parent, { baggage });
        expect(extract(headers)).toEqual(parent);
        expect(extractBaggage(headers)).toEqual({ ...baggage });
      }),
    );
  });
});

describe("the propagator that registerTracer sets", () => {
  it("writes and reads what OpenTelemetry's own do", () => {
    const undo = registerTracer(new InMemoryTracer());
    const theirs = new CompositePropagator({
      propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
    });
    const headers = { traceparent: TRACEPARENT, tracestate: "a=1", baggage: "k=v%20w;p=1,l=m" };
    const read = propagation.extract(ROOT_CONTEXT, headers);
    const readByThem = theirs.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    const [ours, their] = [{}, {}];
    propagation.inject(readByThem, ours);
    theirs.inject(read, their, defaultTextMapSetter);
    expect([ours, their]).toEqual([headers, headers]);
    context.with(read, () => expect(inject({})).toEqual(headers));
    undo();
  });
});

describe("one tree over two processes", () => {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-propagation-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("over HTTP and over messages as MCP has them", async () => {
    const other = await startOther(folder);
    const tracer = new InMemoryTracer();
    await tracer.trace("turn", async () => {
      await tracer.trace("ask over HTTP", async () => {
        const headers = inject({ accept: "application/json" }, undefined, { baggage: { user: "u 1" } });
        expect(await (await fetch(other.url, { headers })).json()).toHaveProperty("traceparent");
      });
      await tracer.trace("call a tool", async () => {
        await other.send({ id: 1, method: "tools/call", params: { name: "add", _meta: inject({}) } });
      });
    });
    const theirs = await other.end();
    const all = [...tracer.getTraces(), ...theirs];
    expect(treeOf(all)).toEqual({
      turn: "-",
      "ask over HTTP": "turn",
      serve: "ask over HTTP",
      "serve inside": "serve",
      "call a tool": "turn",
      "tools/call": "call a tool",
      "tools/call inside": "tools/call",
    });
    expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1);
    expect(theirs.find(({ spanName }) => spanName === "serve")?.attributes["baggage"]).toEqual({
      user: "u 1",
    });
  });
});

interface Other {
  readonly url: string;
  send(message: unknown): Promise<unknown>;
  end(): Promise<Span[]>;
}

/** Starts the other process; each line it prints answers what was sent before. */
async function startOther(folder: string): Promise<Other> {
  const outfile = join(folder, "other.mjs");
  const entry = fileURLToPath(new URL("other-process.ts", import.meta.url));
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
  const child = spawn(process.execPath, [outfile], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse(String((await lines.next()).value));
  const { address } = await next();
  return {
    url: `http://127.0.0.1:${address.port}/`,
    send: (message) => {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      return next();
    },
    end: async () => {
      child.stdin.end();
      const { spans } = await next();
      return spans.map(Span.fromRecord);
    },
  };
}
