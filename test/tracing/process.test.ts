// The `process` option: the last change to a span before any sink sees it. It fails closed.
import { type Process, type Span, TeeTracer, type TracelightError, Tracer } from "tracelight";
import { describe, expect, it } from "vitest";

/** A tracer, all that its sink ever saw, and the faults it reported. */
function watched(process: Process) {
  const written: Span[] = [];
  const observed: Span[] = [];
  const errors: TracelightError[] = [];
  const tracer = new Tracer(
    {
      name: "watched",
      write: (span) => written.push(span),
      observe: (span) => observed.push(span),
    },
    { process, onError: (error) => errors.push(error) },
  );
  return { tracer, written, observed, errors };
}

const SECRET = "hunter2";

const redact: Process = (draft) => {
  for (const [key, value] of Object.entries(draft.attributes)) {
    if (value === SECRET) draft.attributes[key] = "[redacted]";
  }
};

describe("process", () => {
  it("may change name, status, attributes, resource, events and links", () => {
    const { tracer, written, errors } = watched((draft) => {
      draft.spanName = `${draft.spanName}, processed`;
      draft.spanStatus = "ERROR";
      draft.statusMessage = "because";
      draft.attributes = { was: draft.attributes["a"], made: { new: [1] } };
      draft.resourceAttributes["region"] = "eu";
      draft.events = draft.events.filter((event) => event.name !== "noise");
      draft.links.push({ traceId: draft.traceId, spanId: draft.spanId });
    });
    tracer.setContext({ resourceAttributes: { "service.name": "S" } });
    const original = tracer.startSpan("work").addAttribute("a", 1).addEvent("noise").addEvent("signal");
    original.end();
    expect(written[0]).toMatchObject({
      ...{ spanName: "work, processed", spanStatus: "ERROR", statusMessage: "because" },
      ...{
        attributes: { was: 1, made: { new: [1] } },
        resourceAttributes: { "service.name": "S", region: "eu" },
      },
      events: [{ name: "signal" }],
      links: [{ traceId: original.traceId, spanId: original.spanId }],
      ...{ traceId: original.traceId, spanId: original.spanId, endedAtMicros: original.endedAtMicros },
    });
    // The app's own span is what the app made of it.
    expect(original).toMatchObject({ spanName: "work", spanStatus: "UNSET", attributes: { a: 1 } });
    expect(errors).toEqual([]);
  });

  it("cannot change what it was given in place, nor reach the span through what it puts in", () => {
    const mine = { list: [1] };
    const failures: unknown[] = [];
    const { tracer, written } = watched((draft) => {
      try {
        Reflect.get(Object(draft.attributes["list"]), "push").call(draft.attributes["list"], 4);
      } catch (error) {
        failures.push(error);
      }
      draft.attributes["mine"] = mine;
    });
    tracer.trace("work", { attributes: { list: [1, 2, 3] } }, () => undefined);
    mine.list.push(2);
    expect(failures.length).toBeGreaterThan(0);
    expect(written[0]?.attributes).toEqual({ list: [1, 2, 3], mine: { list: [1] } });
  });

  it("sees inherited attributes, and its changes are not passed down", () => {
    const { tracer, written } = watched(redact);
    tracer.trace("parent", (parent) => {
      parent.addAttribute("password", SECRET, { inheritable: true });
      tracer.trace("child", (child) => expect(child.attributes["password"]).toBe(SECRET));
    });
    expect(written.map((span) => span.attributes["password"])).toEqual(["[redacted]", "[redacted]"]);
  });

  it("drops a span by returning false; that is neither a failure nor a loss", async () => {
    const { tracer, written, observed, errors } = watched((draft) =>
      draft.spanName === "noise" ? false : undefined,
    );
    tracer.startSpan("noise").end();
    tracer.startSpan("signal").end();
    expect(written.map((span) => span.spanName)).toEqual(["signal"]);
    expect(observed.map((span) => span.spanName)).toEqual(["signal"]);
    expect(await tracer.flush()).toMatchObject({ written: 1, dropped: 0, failed: 0, errors: [] });
    expect(errors).toEqual([]);
  });

  const faulty: Record<string, unknown> = {
    throws: () => {
      throw new Error("cannot redact");
    },
    "is async": async () => undefined,
    "is async and rejects": async () => {
      throw new Error("cannot redact");
    },
    "leaves no attributes": (draft: { attributes: unknown }) => {
      draft.attributes = null;
    },
    "leaves a name that is none": (draft: { spanName: unknown }) => {
      draft.spanName = Object.create(null);
    },
    "leaves events that are none": (draft: { events: unknown }) => {
      draft.events = [null];
    },
  };
  for (const [what, process] of Object.entries(faulty)) {
    it(`keeps the span from the sink where it ${what}, counts it as failed and reports it`, async () => {
      const errors: TracelightError[] = [];
      const seen: Span[] = [];
      const options = { process, onError: (error: TracelightError) => errors.push(error) };
      const sink = { name: "s", write: (s: Span) => seen.push(s), observe: (s: Span) => seen.push(s) };
      const tracer: Tracer = Reflect.construct(Tracer, [sink, options]);
      expect(tracer.trace("work", (span) => span.emitSnapshot() ?? 42)).toBe(42);
      expect(seen).toEqual([]);
      expect(await tracer.flush()).toMatchObject({ written: 0, failed: 1, dropped: 0 });
      expect(errors.map((error) => error.code)).toEqual([
        "PROCESS_FAILED",
        "PROCESS_FAILED",
        "PROCESS_FAILED",
      ]);
    });
  }

  it("comes before start and snapshot too: no look at a running span shows what it hides", () => {
    const { tracer, written, observed } = watched(redact);
    tracer.trace("work", { attributes: { first: SECRET } }, (span) => {
      const started = observed[0];
      expect(started?.state).toBe("running");
      expect(started?.attributes).toEqual({ first: "[redacted]" });
      span.addAttribute("later", SECRET).addAttribute("open", 1);
      const now = started?.snapshot();
      expect(now?.attributes).toEqual({ first: "[redacted]", later: "[redacted]", open: 1 });
      span.addAttribute("last", SECRET).emitSnapshot();
      expect(now?.snapshot().attributes).toHaveProperty("last", "[redacted]");
    });
    expect(observed[0]?.snapshot()).toMatchObject({ state: "ended" });
    for (const span of [...observed, ...observed.map((s) => s.snapshot()), ...written]) {
      expect(JSON.stringify(span)).not.toContain(SECRET);
      expect(span.asHumanReadable()).not.toContain(SECRET);
      expect(span.parentSpan).toBeUndefined();
    }
  });

  it("does not show unprocessed parents to the sink", () => {
    const { tracer, written, observed } = watched(redact);
    tracer.trace("parent", { attributes: { password: SECRET } }, (parent) =>
      tracer.trace("child", () => parent.addAttribute("more", SECRET)),
    );
    for (const span of [...observed, ...written]) {
      expect(JSON.stringify(span.parentSpan?.attributes ?? {})).not.toContain(SECRET);
    }
    expect(written[0]?.parentSpanId).toBe(written[1]?.spanId);
  });

  it("that fails later gives the sink the last look that was allowed, and reports it", () => {
    let works = true;
    const { tracer, observed, errors } = watched((draft) => {
      if (!works) throw new Error("cannot redact");
      redact(draft);
    });
    const span = tracer.startSpan("work", { attributes: { a: SECRET } });
    works = false;
    span.addAttribute("b", SECRET);
    expect(observed[0]?.snapshot().attributes).toEqual({ a: "[redacted]" });
    expect(errors.map((error) => error.code)).toEqual(["PROCESS_FAILED"]);
  });

  it("of each member of a tee changes what that member gets", () => {
    const [open, closed] = [watched(() => undefined), watched(redact)];
    const tee = new TeeTracer().addTracer(open.tracer).addTracer(closed.tracer);
    tee.trace("work", { attributes: { password: SECRET } }, () => undefined);
    expect(open.written[0]?.attributes["password"]).toBe(SECRET);
    expect(closed.written[0]?.attributes["password"]).toBe("[redacted]");
    expect(closed.observed[0]?.attributes["password"]).toBe("[redacted]");
  });
});
