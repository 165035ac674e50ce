// `redact`: what is in a span, wherever it stands, does not come out; all else stays as it was.
import fc from "fast-check";
import {
  HumanReadableTracer,
  InMemoryTracer,
  IterableTracer,
  NAMES,
  StructuredLogsTracer,
  type TracelightError,
} from "tracelight";
import { type RedactOptions, RULE_NAMES, redact } from "tracelight/redact";
import { describe, expect, it } from "vitest";

const SECRET = "ada.lovelace@example.org";

/** What is recorded of a value. */
function redacted(value: unknown, options?: RedactOptions, name = "value"): unknown {
  const tracer = new InMemoryTracer({ process: redact(options) });
  tracer.trace("work", (span) => span.addAttribute(name, value));
  return tracer.getTraces()[0]?.attributes[name];
}

/** Spans with the secret in every place that a program can put it. */
function everywhere(
  tracer: InMemoryTracer | IterableTracer | HumanReadableTracer | StructuredLogsTracer,
): void {
  tracer.setContext({ resourceAttributes: { "service.name": `agent of ${SECRET}`, [SECRET]: 1 } });
  const work = () =>
    tracer.trace(`work for ${SECRET}`, { spanKind: "CLIENT" }, (span) => {
      span.addAttributes({
        text: SECRET,
        list: [SECRET, { deep: [[SECRET]] }],
        map: new Map([[SECRET, SECRET]]),
        set: new Set([SECRET]),
        bytes: new TextEncoder().encode(`bytes of ${SECRET}`),
        json: JSON.stringify({ inner: JSON.stringify({ [SECRET]: SECRET }) }),
        escaped: `{"a":"${SECRET.replace("@", "\\u0040")}"}`,
        error: new Error(SECRET),
        url: new URL(`mailto:${SECRET}`),
        [`name ${SECRET}`]: true,
        [NAMES.requestMessages]: [{ role: "user", content: [{ text: `I am ${SECRET}` }] }],
      });
      span.addAttribute("ai.conversation.id", SECRET, { inheritable: true });
      span.addEvent(`told ${SECRET}`, { by: SECRET });
      span.addLink({ traceId: "1".repeat(32), spanId: "2".repeat(16), attributes: { why: SECRET } });
      span.setStatus("ERROR", `not for ${SECRET}`);
      throw new Error(`failed for ${SECRET}`, { cause: new TypeError(SECRET) });
    });
  expect(work).toThrow(SECRET);
}

const clean = (text: string) => {
  expect(text).toContain("[EMAIL]");
  for (const part of [SECRET, "lovelace", SECRET.replace("@", "\\u0040")]) expect(text).not.toContain(part);
};

describe("a secret in each field of a span", () => {
  it("is in no log line and in nothing that the terminal shows", async () => {
    for (const Kind of [StructuredLogsTracer, HumanReadableTracer]) {
      const written: string[] = [];
      const stream = { write: (text: string) => written.push(text) > 0 };
      const tracer = new Kind({ stream, process: redact() });
      everywhere(tracer);
      await tracer.close();
      clean(written.join(""));
    }
  });

  it("is in nothing that is kept in memory, bytes and names included", () => {
    const tracer = new InMemoryTracer({ process: redact() });
    everywhere(tracer);
    const [span] = tracer.getTraces();
    clean(JSON.stringify(span));
    clean(String(span?.spanName));
    clean(String(span?.statusMessage));
    clean(
      Buffer.from(span?.attributes["bytes"] instanceof Uint8Array ? span.attributes["bytes"] : []).toString(),
    );
    expect(span?.attributes["map"]).toEqual(new Map([["[EMAIL]", "[EMAIL]"]]));
    expect(span?.attributes["set"]).toEqual(new Set(["[EMAIL]"]));
    expect(span?.attributes["json"]).toBe(
      JSON.stringify({ inner: JSON.stringify({ "[EMAIL]": "[EMAIL]" }) }),
    );
    expect(span?.attributes["escaped"]).toBe('{"a":"[EMAIL]"}');
  });

  it("is in no view of a span that runs", async () => {
    const tracer = new IterableTracer({ process: redact() });
    const seen: string[] = [];
    const reading = (async () => {
      for await (const span of tracer) seen.push(`${span.state} ${span.spanName} ${JSON.stringify(span)}`);
    })();
    tracer.trace(`for ${SECRET}`, (span) => {
      span.addAttribute("text", SECRET).emitSnapshot();
    });
    await tracer.close();
    await reading;
    expect(seen.map((text) => text.split(" ")[0])).toEqual(["running", "ended"]);
    clean(seen.join("\n"));
  });
});

describe("names", () => {
  it("of secrets give their values away to nobody, however they are spelled and nested", () => {
    expect(
      redacted({
        password: "hunter2",
        userPassword: "hunter3",
        "X-Api-Key": "abc",
        nested: { refresh_token: "abc", list: [{ Authorization: "abc" }] },
        headers: [
          ["cookie", "a=b"],
          ["accept", "text/html"],
        ],
        pairs: [
          { key: "client_secret", value: "abc" },
          { name: "city", value: "Rome" },
        ],
        credentials: { user: "ada", pin: 1234, empty: null, on: true },
      }),
    ).toEqual({
      password: "[SECRET]",
      userPassword: "[SECRET]",
      "X-Api-Key": "[SECRET]",
      nested: { refresh_token: "[SECRET]", list: [{ Authorization: "[SECRET]" }] },
      headers: [
        ["cookie", "[SECRET]"],
        ["accept", "text/html"],
      ],
      pairs: [
        { key: "client_secret", value: "[SECRET]" },
        { name: "city", value: "Rome" },
      ],
      credentials: { user: "[SECRET]", pin: "[SECRET]", empty: null, on: true },
    });
    expect(redacted("abc", {}, "http.request.header.authorization")).toBe("[SECRET]");
  });

  it("that count tokens, turn pages or name keys of other kinds stay", () => {
    const usage = {
      max_tokens: 4096,
      totalTokens: 27,
      next_page_token: "abc",
      stop_token: "</s>",
      key: "c",
      author: "x",
    };
    expect(redacted(usage)).toEqual(usage);
  });

  it("of your own count too, by text in any spelling and by pattern", () => {
    const value = {
      customerNumber: "C-17",
      customer_number: "C-18",
      "x-internal-a": 5,
      city: "Rome",
      password: "x",
    };
    expect(redacted(value, { names: ["customer-number", /^x-internal/] })).toEqual({
      ...{ customerNumber: "[SECRET]", customer_number: "[SECRET]", "x-internal-a": "[SECRET]" },
      ...{ city: "Rome", password: "[SECRET]" },
    });
    expect(redacted('{"customerNumber":"C-17"}', { names: ["customerNumber"] })).toBe(
      '{"customerNumber":"[SECRET]"}',
    );
  });

  it("of secrets stay with names: false", () => {
    expect(redacted({ password: "x" }, { names: false })).toEqual({ password: "x" });
  });
});

describe("JSON in a text", () => {
  it("stays as it was written but for what is secret", () => {
    const json =
      '{ "id": 12345678901234567890, "n": 1.50,\n  "password" : "a\\"b", "list":[true,null], "to":"\\u0061@example.org" }';
    expect(redacted(json)).toBe(
      '{ "id": 12345678901234567890, "n": 1.50,\n  "password" : "[SECRET]", "list":[true,null], "to":"[EMAIL]" }',
    );
  });

  it("that is cut is read as far as it goes", () => {
    expect(redacted('{"city":"Rome","password":"hunt')).toBe('{"city":"Rome","password":[SECRET]');
    expect(redacted('{"to":"a@example.org","x":"b@exam')).toBe('{"to":"[EMAIL]","x":"b@exam');
  });

  it("gives what the same value gives", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const planted = { password: [value], text: SECRET, value };
        const asValue = redacted(planted);
        expect(JSON.parse(String(redacted(JSON.stringify(planted))))).toEqual(
          JSON.parse(JSON.stringify(asValue)),
        );
      }),
    );
  });
});

describe("what stands in its place", () => {
  const text = "Card 4111 1111 1111 1111, mail Ada@example.org or ada@EXAMPLE.org, pin";

  it("is a label unless told", () => {
    expect(redacted(text)).toBe("Card [CARD], mail [EMAIL] or [EMAIL], pin");
  });

  it("may be the last four of what is long enough", () => {
    expect(redacted(text, { replace: "last-four", rules: ["card"] })).toContain("[CARD …1111]");
    expect(redacted({ password: "hunter2" }, { replace: "last-four" })).toEqual({ password: "[SECRET]" });
  });

  it("may be a pseudonym, the same for the same value however it is written, another with another key", () => {
    const replace = { pseudonym: "a key of sixteen characters" };
    const [, first, second] =
      /mail (\[EMAIL [a-p]{12}\]) or (\[EMAIL [a-p]{12}\])/.exec(String(redacted(text, { replace }))) ?? [];
    expect(first).toBeDefined();
    expect(first).toBe(second);
    expect(redacted("ada@example.org", { replace })).toBe(first);
    expect(redacted("ada@example.org", { replace: { pseudonym: "another key of sixteen" } })).not.toBe(first);
  });

  it("is one where two rules find pieces that overlap, and nothing of either is left", () => {
    const own = { label: "HOST", pattern: /org and more/ };
    expect(redacted("ada@example.org and more", { rules: ["email", own] })).toBe("[EMAIL]");
  });
});

it.each<RedactOptions["replace"]>(["label", "last-four", { pseudonym: "a key of sixteen characters" }])(
  "what was redacted once stays as it is, in place of %j",
  (replace) => {
    const text =
      "Card 4111 1111 1111 1111, Ada@Example.org, +49 30 901820, https://a:passw0rd@example.org/?token=abcdef123456";
    const value = {
      text,
      password: "correct horse battery",
      json: JSON.stringify({ apiKey: "abcdef1234567890", text }),
    };
    const once = redacted(value, { replace });
    expect(JSON.stringify(once)).not.toMatch(
      /4111 1111 1111 1|Ada@|901820|passw0rd|abcdef1234|correct horse/,
    );
    expect(redacted(once, { replace })).toEqual(once);
  },
);

it("a last word that throws has said nothing: the value is masked, and it is told without what it quotes", () => {
  const told: string[] = [];
  const value = (given: unknown) => {
    throw new Error(`no rule for ${given}`);
  };
  const onError = ({ message }: TracelightError) => void told.push(message);
  expect(redacted({ city: "Rome" }, { value, onError })).toBe("[REDACTED: a rule failed]");
  expect(told).toEqual(["The option value failed, so what it fails at is masked whole: Error"]);
});

describe("choices", () => {
  it("each rule by its name alone", () => {
    const texts: Record<string, string> = {
      "private-key": "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----",
      jwt: "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxfQ.abcDEF123_-xyz",
      "api-key": `sk_${"live"}_51H8abcdEFGHijklMNOPqrst`,
      authorization: "Bearer mF_9.B5f-4.1JqM~x9",
      url: "https://user:pa55word@example.com/",
      card: "4111 1111 1111 1111",
      iban: "DE89 3704 0044 0532 0130 00",
      "national-id": "529.982.247-25",
      email: SECRET,
      ip: "203.0.113.42",
      phone: "+1 415 555 2671",
    };
    expect(Object.keys(texts).sort()).toEqual([...RULE_NAMES].sort());
    for (const rule of RULE_NAMES) {
      const text = texts[rule] ?? expect.fail(rule);
      expect(redacted(text, { rules: [rule] }), rule).toMatch(/\[[A-Z_]+\]/);
      const others = RULE_NAMES.filter((name) => name !== rule);
      expect(redacted(text, { rules: others, names: false }), `${rule} off`).toBe(text);
    }
  });

  it("a rule of your own", () => {
    const rules = [{ label: "CUSTOMER", pattern: /\bC-\d{6}\b/ }];
    expect(redacted("C-123456 and C-654321", { rules })).toBe("[CUSTOMER] and [CUSTOMER]");
  });

  it("a last word for each value under a name", () => {
    const value = (given: unknown, name: string) => (name === "city" ? "[CITY]" : given);
    expect(redacted({ city: "Rome", at: [{ city: "Oslo" }], mail: SECRET }, { value })).toEqual({
      ...{ city: "[CITY]", at: [{ city: "[CITY]" }], mail: "[EMAIL]" },
    });
  });

  it("none of them is no process at all", () => {
    expect(redact({ rules: [], names: false })).toBeUndefined();
  });

  it.each<[RedactOptions, RegExp]>([
    [{ replace: { pseudonym: "short" } }, /pseudonym/],
    // @ts-expect-error no such rule
    [{ rules: ["emails"] }, /rules/],
    // @ts-expect-error no such option
    [{ rule: ["email"] }, /rules/],
  ])("what cannot be is refused: %j", (options, message) => {
    expect(() => redact(options)).toThrow(message);
  });
});

describe("what has nothing to hide", () => {
  it("stays the same value", () => {
    fc.assert(
      fc.property(
        fc.anything({
          maxDepth: 3,
          values: [fc.integer({ max: 999 }), fc.constantFrom("a", "b c", "[", "{}")],
        }),
        (value) => {
          const plain = new InMemoryTracer();
          plain.trace("work", (span) => span.addAttribute("value", value));
          expect(redacted(value)).toEqual(plain.getTraces()[0]?.attributes["value"]);
        },
      ),
    );
  });

  it("numbers, times and ids stay; a card's number as a number does not", () => {
    const value = {
      n: 1764471600123456,
      at: new Date(0),
      id: "550e8400-e29b-41d4-a716-446655440000",
      big: 10n ** 30n,
    };
    expect(redacted(value)).toEqual(value);
    expect(redacted({ pan: 4111111111111111 })).toEqual({ pan: "[CARD]" });
  });
});

it("a history is redacted once, not once a call", () => {
  let seen = 0;
  const value = (given: unknown) => {
    seen++;
    return given;
  };
  const tracer = new InMemoryTracer({ process: redact({ value }) });
  const history: object[] = [];
  for (let turn = 0; turn < 100; turn++) {
    history.push({ role: "user", content: `${turn}: I am ${SECRET}` });
    tracer.trace("call", (span) => span.addAttribute(NAMES.requestMessages, history));
  }
  const last = tracer.getTraces().at(-1)?.attributes[NAMES.requestMessages];
  expect(last).toHaveLength(100);
  clean(JSON.stringify(last));
  // Two properties of each message, and the attribute of each call.
  expect(seen).toBe(100 * 3);
});

it("fails closed: where a rule takes too long the text is masked whole, and it is told once", () => {
  const told: TracelightError[] = [];
  const slow = { label: "SLOW", pattern: /^(a+)+$/ };
  const onError = (error: TracelightError) => void told.push(error);
  const texts = Array(2).fill(`${"a".repeat(22)}!`);
  const tracer = new InMemoryTracer({ process: redact({ rules: [slow], maxRuleMs: 1, onError }) });
  tracer.trace("work", (span) => span.addAttribute("texts", texts));
  const kept = JSON.stringify(tracer.getTraces());
  expect(kept).toContain('["[REDACTED: a rule failed]","[REDACTED: a rule failed]"]');
  expect(kept).not.toContain("aaaa");
  expect(told.map(({ code }) => code)).toEqual(["REDACTION_FAILED"]);
  expect(redacted(["aa", "ab"], { rules: [slow] })).toEqual(["[SLOW]", "ab"]);
});
