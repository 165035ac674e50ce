// What is long is redacted in slices: the event loop has its turns between them, whatever the shape, and what comes out is the same.
import { InMemoryTracer, IterableTracer, type Process, type Span, Tracer } from "tracelight";
import { redact } from "tracelight/redact";
import { afterEach, describe, expect, it } from "vitest";
import { setImmediate, steadyClock } from "../../src/model/timers.ts";
import { sized } from "../sizes.ts";

const realClock = steadyClock.now;
afterEach(() => {
  steadyClock.now = realClock;
});

const MB = sized(1024 * 1024, 256 * 1024);
const MAIL = "ada@example.org";
const CARD = "4111 1111 1111 1111";

/** A tracer, and what came through. */
function redacting(options: { process?: Process | undefined } = { process: redact() }) {
  const written: Span[] = [];
  const tracer = new Tracer({ name: "kept", write: (span) => void written.push(span) }, options);
  return { tracer, written, names: () => written.map(({ spanName }) => spanName) };
}

const shapes: Readonly<Record<string, { readonly value: () => unknown; readonly shown: unknown }>> = {
  "a text": {
    value: () => `I am ${MAIL}, and so on. `.repeat(MB / 29),
    shown: "I am [EMAIL], and so on. ".repeat(MB / 29),
  },
  "a text of mail addresses alone": {
    value: () => `${MAIL} `.repeat(MB / 16),
    shown: "[EMAIL] ".repeat(MB / 16),
  },
  "JSON in JSON in a text": {
    value: () =>
      JSON.stringify({ a: JSON.stringify(Array(Math.floor(MB / 50)).fill({ by: MAIL, password: "x" })) }),
    shown: JSON.stringify({
      a: JSON.stringify(Array(Math.floor(MB / 50)).fill({ by: "[EMAIL]", password: "[SECRET]" })),
    }),
  },
  "deep JSON in a text": {
    value: () => `${"[".repeat(150)}"${`${CARD}, `.repeat(MB / 21)}"${"]".repeat(150)}`,
    shown: `${"[".repeat(150)}"${"[CARD], ".repeat(MB / 21)}"${"]".repeat(150)}`,
  },
  "many texts": {
    value: () =>
      Array.from({ length: Math.floor(MB / 100) }, (_, i) => `${"text ".repeat(16)} ${i} of ${MAIL}`),
    shown: Array.from({ length: Math.floor(MB / 100) }, (_, i) => `${"text ".repeat(16)} ${i} of [EMAIL]`),
  },
  "an object of many properties": {
    value: () => Object.fromEntries(Array.from({ length: MB / 64 }, (_, i) => [`name ${i}`, MAIL])),
    shown: Object.fromEntries(Array.from({ length: MB / 64 }, (_, i) => [`name ${i}`, "[EMAIL]"])),
  },
  "a map, within a list": {
    value: () => [new Map(Array.from({ length: Math.floor(MB / 100) }, (_, i) => [i, MAIL] as const))],
    shown: [new Map(Array.from({ length: Math.floor(MB / 100) }, (_, i) => [i, "[EMAIL]"] as const))],
  },
  "many values under the name of a secret": {
    value: () => ({ credentials: Array.from({ length: Math.floor(MB / 100) }, (_, i) => `secret ${i}`) }),
    shown: { credentials: Array(Math.floor(MB / 100)).fill("[SECRET]") },
  },
  bytes: {
    value: () => new TextEncoder().encode(`${MAIL} `.repeat(MB / 32)),
    shown: new TextEncoder().encode("[EMAIL] ".repeat(MB / 32)),
  },
};

describe("what is long goes in slices:", () => {
  it.each(Object.entries(shapes))("%s", async (_, { value, shown }) => {
    const { tracer, written } = redacting();
    tracer.trace("work", (span) => span.addAttribute("value", value()));
    expect(written).toHaveLength(0);
    expect(tracer.openSpans()).toHaveLength(0);
    // By this clock each step uses up its turn.
    let now = realClock();
    steadyClock.now = () => (now += 10);
    let turns = 0;
    const count = (): void => {
      turns++;
      if (written.length === 0) setImmediate(count);
    };
    count();
    while (written.length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(turns).toBeGreaterThan(sized(30, 8));
    expect(written[0]?.attributes["value"]).toEqual(shown);
  });
});

describe("what is found in a long text is what is found in a short one", () => {
  const found = (text: string) => {
    const tracer = new InMemoryTracer({ process: redact() });
    tracer.trace("work", (span) => span.addAttribute("text", text));
    return tracer.getTraces()[0]?.attributes["text"];
  };
  const fill = "lorem ipsum dolor sit ".repeat(1000);

  it("wherever it stands", () => {
    const pieces = [MAIL, CARD, "+1 415 555 2671", "203.0.113.42", "DE89 3704 0044 0532 0130 00"];
    const labels = ["[EMAIL]", "[CARD]", "[PHONE]", "[IP]", "[IBAN]"];
    for (let shift = 0; shift < 24; shift += 5) {
      const text = (some: readonly string[]) =>
        Array.from({ length: 12 }, (_, i) => fill.slice(0, 8192 - shift - 2 * i) + ` ${some[i % 5]} `).join(
          "",
        );
      expect(found(text(pieces))).toBe(text(labels));
    }
  });

  it("however long it is", () => {
    const jwt = `eyJ${"a".repeat(1500)}.eyJ${"b".repeat(7500)}.${"c".repeat(1500)}`;
    const pem = `-----BEGIN PRIVATE KEY-----\n${"MIIEvQIBADANBgkq\n".repeat(2000)}-----END PRIVATE KEY-----`;
    const token = `Authorization: Bearer ${"d1".repeat(2000)}`;
    for (const before of [0, 3000, 8000, 8190, 8193, 16_000]) {
      const [start, rest] = [fill.slice(0, before), fill.slice(before)];
      expect(found(`${start} ${jwt} ${rest}`)).toBe(`${start} [JWT] ${rest}`);
      expect(found(`${start} ${pem} ${rest}`)).toBe(`${start} [PRIVATE_KEY] ${rest}`);
      expect(found(`${start} ${token} ${rest}`)).toBe(
        `${start} Authorization: Bearer [AUTHORIZATION] ${rest}`,
      );
    }
  });

  it("and what was redacted before stays", () => {
    const text = `${fill}[EMAIL] `.repeat(3);
    expect(found(text)).toBe(text);
  });

  it("a rule of your own sees all of it at once", () => {
    const rules = [{ label: "WHOLE", pattern: /<<[^>]*>>/ }];
    const tracer = new InMemoryTracer({ process: redact({ rules }) });
    tracer.trace("work", (span) => span.addAttribute("text", `a <<${fill.repeat(3)}>> b`));
    expect(tracer.getTraces()[0]?.attributes["text"]).toBe("a [WHOLE] b");
  });

  it("a rule that fails masks all of it", () => {
    const rules = [{ label: "SLOW", pattern: /x/ }];
    const tracer = new InMemoryTracer({ process: redact({ rules, onError: () => undefined }) });
    tracer.trace("work", (span) => {
      span.addAttribute("text", fill.repeat(3));
      let now = realClock();
      steadyClock.now = () => (now += 2000);
    });
    expect(Object.values(tracer.getTraces()[0]?.attributes ?? {})).toEqual(["[REDACTED: a rule failed]"]);
  });
});

describe("while a span is in slices", () => {
  const long = () => `${MAIL} `.repeat(20_000);
  const work = (tracer: Tracer, name: string, text: string) =>
    tracer.trace(name, (span) => span.addAttribute("text", text));

  it("others wait behind it, and are counted as pending until flush is done", async () => {
    const { tracer, names } = redacting();
    work(tracer, "before", "short");
    work(tracer, "long", long());
    work(tracer, "behind", "short");
    expect(names()).toEqual(["before"]);
    expect(await tracer.flush()).toMatchObject({ written: 3, pending: 0 });
    expect(names()).toEqual(["before", "long", "behind"]);
  });

  it("a read at once finishes it", () => {
    const tracer = new InMemoryTracer({ process: redact() });
    work(tracer, "long", long());
    work(tracer, "behind", "short");
    expect(tracer.summaries().rows).toHaveLength(2);
    expect(tracer.getTraces().map(({ spanName }) => spanName)).toEqual(["long", "behind"]);
    expect(tracer.getTraces()[0]?.attributes["text"]).toBe("[EMAIL] ".repeat(20_000));
  });

  it("close waits for it, what never ended included", async () => {
    const { tracer, written, names } = redacting();
    const open = tracer.startSpan("open", { attributes: { text: long() } });
    work(tracer, "long", long());
    expect(await tracer.close()).toMatchObject({ written: 2, interrupted: 1, pending: 0, dropped: 0 });
    open.end();
    expect(names()).toEqual(["long", "open"]);
    expect(JSON.stringify(written)).not.toContain(MAIL);
  });

  it("a close without time drops it, and says so", async () => {
    const { tracer, written } = redacting();
    work(tracer, "long", long());
    const report = await tracer.close({ timeoutMs: 0 });
    expect(report.written + report.dropped).toBe(1);
    expect(report.pending).toBe(0);
    expect(written).toHaveLength(report.written);
  });

  it("of very many, each that comes does some steps of the first, and no more: the app is not held by a span that takes long", () => {
    let done = 0;
    const steps = function* (): Generator<void, void> {
      for (let i = 0; i < 1000; i++, done++) yield;
    };
    const { tracer, written } = redacting({ process: Object.assign(() => undefined, { steps }) });
    work(tracer, "long", "");
    for (let i = 0; i < 1000; i++) {
      const before = done;
      work(tracer, "behind", "");
      expect(done - before).toBeLessThanOrEqual(i < 255 ? 0 : 8);
    }
    expect(done).toBeGreaterThan(5000);
    expect(written.length).toBeGreaterThanOrEqual(5);
  });

  it("of very many the first are finished, so that memory is bounded", () => {
    const { tracer, written } = redacting();
    work(tracer, "long", long());
    for (let i = 0; i < 300; i++) work(tracer, "behind", "short");
    expect(written.length).toBeGreaterThanOrEqual(45);
  });

  it("a view of what runs comes in slices too", async () => {
    const tracer = new IterableTracer({ process: redact() });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { state, attributes } of tracer) seen.push(`${state} ${attributes["text"]}`);
    })();
    tracer.trace("work", (span) => void span.addAttribute("text", long()).emitSnapshot());
    await tracer.close();
    await reading;
    expect(seen).toEqual([`running ${"[EMAIL] ".repeat(20_000)}`, `ended ${"[EMAIL] ".repeat(20_000)}`]);
  });

  it("a process of your own may have steps; what they throw drops the span", async () => {
    const steps = function* (draft: { spanName: string }): Generator<void, void> {
      yield;
      if (draft.spanName === "bad") throw new Error("no");
      draft.spanName += " in steps";
    };
    const { tracer, names } = redacting({ process: Object.assign(() => undefined, { steps }) });
    work(tracer, "good", "");
    work(tracer, "bad", "");
    work(tracer, "other", "");
    expect(await tracer.flush()).toMatchObject({ written: 2, failed: 1, pending: 0 });
    expect(names()).toEqual(["good in steps", "other in steps"]);
  });
});
