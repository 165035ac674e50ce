// `traced`: as a wrapper, as a bare decorator, as a named one.
import { InMemoryTracer, NoopTracer, type Span, TracelightError, type Tracer, traced } from "tracelight";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { PackageCopy } from "./package-copy.ts";
import { activeName, parentNames, sleep, spanNamed } from "./reading.ts";

class Agent {
  static tracer: Tracer;
  readonly tracer: Tracer;
  readonly #greeting: string;

  constructor(tracer: Tracer, greeting = "Hello") {
    this.tracer = tracer;
    this.#greeting = greeting;
  }

  @traced
  greet(name: string): string {
    return `${this.#greeting}, ${name}! (${activeName(this.tracer)})`;
  }

  @traced("converse", { spanKind: "SERVER", scope: { name: "agent", version: "1" } })
  async converse(name: string): Promise<string> {
    await sleep(1);
    return this.greet(name);
  }

  @traced("count")
  *count(to: number): Generator<string> {
    for (let i = 0; i < to; i++) yield activeName(this.tracer);
  }

  @traced
  async *stream(to: number): AsyncGenerator<string> {
    for (let i = 0; i < to; i++) {
      await sleep(1);
      yield activeName(this.tracer);
    }
  }

  @traced
  static create(tracer: Tracer): Agent {
    return new Agent(tracer);
  }

  @traced("fail")
  fail(error: unknown): never {
    throw error;
  }

  @traced
  [Symbol.toPrimitive](_hint: string): string {
    return "agent";
  }

  @traced
  #secret(): string {
    return activeName(this.tracer);
  }

  tell(): string {
    return this.#secret();
  }
}

describe("a decorated method", () => {
  it("runs in a span named after it, with the tracer of its object", () => {
    const tracer = new InMemoryTracer();
    expect(new Agent(tracer).greet("you")).toBe("Hello, you! (greet)");
    expect(tracer.getTraces().map((span) => span.spanName)).toEqual(["greet"]);
  });

  it("takes a name, a kind and a scope", async () => {
    const tracer = new InMemoryTracer();
    expect(await new Agent(tracer).converse("you")).toBe("Hello, you! (greet)");
    const spans = tracer.getTraces();
    expect(parentNames(spans)).toEqual({ converse: "-", greet: "converse" });
    expect(spanNamed(spans, "converse")).toMatchObject({
      spanKind: "SERVER",
      scope: { name: "agent", version: "1" },
    });
  });

  it("may be a generator, or an async one", async () => {
    const tracer = new InMemoryTracer();
    const agent = new Agent(tracer);
    expect([...agent.count(2)]).toEqual(["count", "count"]);
    const seen: string[] = [];
    for await (const active of agent.stream(2)) seen.push(active);
    expect(seen).toEqual(["stream", "stream"]);
    expect(tracer.openSpans()).toEqual([]);
    expect(tracer.getTraces()).toHaveLength(2);
  });

  it("may be static, private, or named by a symbol", () => {
    const tracer = new InMemoryTracer();
    Agent.tracer = tracer;
    const agent = Agent.create(tracer);
    expect(`${agent}`).toBe("agent");
    expect(agent.tell()).toBe("#secret");
    expect(tracer.getTraces().map((span) => span.spanName)).toEqual([
      "create",
      "Symbol(Symbol.toPrimitive)",
      "#secret",
    ]);
  });

  it("throws what it throws", () => {
    const tracer = new InMemoryTracer();
    const error = new Error("mine");
    expect(() => new Agent(tracer).fail(error)).toThrow(error);
    expect(spanNamed(tracer.getTraces(), "fail").spanStatus).toBe("ERROR");
  });

  it("uses each object's own tracer", () => {
    const [a, b] = [new InMemoryTracer(), new InMemoryTracer()];
    new Agent(a).greet("a");
    new Agent(b).greet("b");
    expect([a.getTraces().length, b.getTraces().length]).toEqual([1, 1]);
  });

  it("prefers the tracer it was given", () => {
    const [own, given] = [new InMemoryTracer(), new InMemoryTracer()];
    class Tool {
      readonly tracer = own;
      @traced("call", { tracer: given })
      call(): void {}
    }
    new Tool().call();
    expect([own.getTraces().length, given.getTraces().length]).toEqual([0, 1]);
  });

  it("keeps its name and length", () => {
    expect([Agent.prototype.greet.name, Agent.prototype.greet.length]).toEqual(["greet", 1]);
    expect([Agent.prototype.converse.name, Agent.create.name]).toEqual(["converse", "create"]);
  });
});

describe("a wrapped function", () => {
  const tracer = new InMemoryTracer();

  it("runs in a span of that name, and keeps name, length, this, arguments and result", async () => {
    async function getWeather(this: { unit: string }, city: string, _day: number): Promise<string> {
      await null;
      return `${city}: 20 ${this.unit}`;
    }
    const wrapped = traced("get_weather", { tracer, spanKind: "CLIENT" })(getWeather);
    expect([wrapped.name, wrapped.length]).toEqual(["getWeather", 2]);
    expect(await wrapped.call({ unit: "°C" }, "Amsterdam", 1)).toBe("Amsterdam: 20 °C");
    expect(spanNamed(tracer.getTraces(), "get_weather").spanKind).toBe("CLIENT");
  });

  it("keeps what the app put on it", () => {
    const tool = Object.assign((city: string) => city, {
      description: "Gets the weather",
      schema: { type: "object" },
    });
    const wrapped = traced("tool", { tracer })(tool);
    expect(wrapped.description).toBe("Gets the weather");
    expect(wrapped.schema).toBe(tool.schema);
    expect(wrapped("Amsterdam")).toBe("Amsterdam");
  });

  it("may be a generator function, of which its results are instances still", () => {
    function* count() {
      yield 1;
    }
    const wrapped = traced("count", { tracer })(count);
    const steps = wrapped();
    expect(steps).toBeInstanceOf(wrapped);
    expect([...steps]).toEqual([1]);
  });

  it("works with any tracer, the one that records nothing included", () => {
    expect(traced("noop", { tracer: new NoopTracer() })(() => 42)()).toBe(42);
  });
});

describe("a traced function without a tracer", () => {
  it("runs untraced, with one warning for each function", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    try {
      const lonely = traced("lonely")((x: number) => x + 1);
      expect([lonely(1), lonely(2), lonely(3)]).toEqual([2, 3, 4]);
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn).toHaveBeenCalledWith(
        expect.stringMatching(/"lonely" has no tracer and ran untraced; give one/),
        { type: "TracelightWarning", code: "NO_TRACER" },
      );
    } finally {
      warn.mockRestore();
    }
  });

  it("minds no object whose tracer is something else, or cannot be read", () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    try {
      const method = traced("method")(function (this: unknown) {
        return this;
      });
      const hostile = Object.defineProperty({}, "tracer", {
        get: () => {
          throw new Error("not yet");
        },
      });
      for (const self of [undefined, null, 1, "text", {}, { tracer: "none" }, hostile]) {
        expect(method.call(self)).toBe(self);
      }
    } finally {
      warn.mockRestore();
    }
  });

  describe("in a process of its own", () => {
    let copy: PackageCopy;
    beforeAll(async () => {
      copy = await PackageCopy.make();
    });
    afterAll(() => copy[Symbol.dispose]());

    it("warns on stderr, once", async () => {
      const { code, stdout, stderr } = await copy.run(`
        import { traced } from "tracelight";
        const add = traced("add")((a, b) => a + b);
        console.log(add(1, 2), add(3, 4));`);
      expect([code, stdout]).toEqual([0, "3 7\n"]);
      expect(stderr.match(/TracelightWarning/g)).toHaveLength(1);
    });
  });
});

describe("traced on what is no function or method", () => {
  const attempts: Record<string, () => unknown> = {
    "a class": () => {
      // @ts-expect-error: a class is no method
      @traced
      class Decorated {}
      return Decorated;
    },
    "a class, by name": () => {
      // @ts-expect-error: a class is no method
      @traced("name")
      class Decorated {}
      return Decorated;
    },
    "a field": () => {
      class Decorated {
        // @ts-expect-error: a field is no method
        @traced
        field = 1;
      }
      return new Decorated();
    },
    "a field, by name": () => {
      class Decorated {
        // @ts-expect-error: a field is no method
        @traced("name")
        field = () => 1;
      }
      return new Decorated();
    },
    "a getter": () => {
      class Decorated {
        // @ts-expect-error: a getter is no method
        @traced
        get value() {
          return 1;
        }
      }
      return new Decorated();
    },
    "an accessor": () => {
      class Decorated {
        // @ts-expect-error: an accessor is no method
        @traced("name")
        accessor value = 1;
      }
      return new Decorated();
    },
    "a wrapped class": () => Reflect.apply(traced("name"), undefined, [class Wrapped {}]),
    "a wrapped value": () => Reflect.apply(traced("name"), undefined, [42]),
    "nothing at all": () => Reflect.apply(traced, undefined, []),
    "a method of the older decorators": () =>
      Reflect.apply(traced, undefined, [{}, "method", { value: () => 1 }]),
    "a static method of the older decorators": () =>
      Reflect.apply(traced, undefined, [class Old {}, "method", { value: () => 1 }]),
    "a named method of the older decorators": () =>
      Reflect.apply(traced("name"), undefined, [{}, "method", { value: () => 1 }]),
  };
  for (const [what, attempt] of Object.entries(attempts)) {
    it(`says so at once: ${what}`, () => {
      let caught: unknown;
      try {
        attempt();
      } catch (error) {
        caught = error;
      }
      expect(caught).toBeInstanceOf(TracelightError);
      expect(caught).toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringMatching(/traced cannot trace .*; put it on a function or method\./),
      });
    });
  }
});

describe("traced with a tracer of your own", () => {
  it("needs no more of it than trace", () => {
    const names: string[] = [];
    const tracer = {
      trace: <T>(name: string, _options: unknown, fn: (span: Span) => T): T => {
        names.push(name);
        return new NoopTracer().trace(name, fn);
      },
    };
    expect(traced("custom", { tracer })(() => 1)()).toBe(1);
    expect(names).toEqual(["custom"]);
  });
});
