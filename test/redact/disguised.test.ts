// What is written in another way than it is read: a reader of a trace could read it back, so it goes as well. All else stays as it was.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { InMemoryTracer, IterableTracer } from "tracelight";
import { type RedactOptions, redact } from "tracelight/redact";
import { describe, expect, it } from "vitest";

const SECRET = "ada.lovelace@example.org";
const KEY = `sk-ant-${"api03"}-AbCdEfGhIjKlMnOpQrStUvWx`;
const CARD = "4111 1111 1111 1111";

function redacted(value: unknown, options?: RedactOptions): unknown {
  const tracer = new InMemoryTracer({ process: redact(options) });
  tracer.trace("work", (span) => span.addAttribute("value", value));
  return tracer.getTraces()[0]?.attributes["value"];
}

/** Ways to write a character, as people, programs and markup do. */
const WAYS: Readonly<Record<string, (character: string) => string>> = {
  "escaped for a URL": (c) => `%${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  "escaped for a URL in a URL": (c) => `%25${c.charCodeAt(0).toString(16).toUpperCase()}`,
  "an entity of HTML": (c) => `&#${c.charCodeAt(0)};`,
  "an entity of HTML in hex": (c) => `&#x${c.charCodeAt(0).toString(16)};`,
  "an entity in an entity": (c) => `&amp;#${c.charCodeAt(0)};`,
  "escaped for JSON": (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  "escaped for JSON in JSON in JSON": (c) => `\\\\\\\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  "escaped for JavaScript": (c) => `\\x${c.charCodeAt(0).toString(16)}`,
  "with a code point's braces": (c) => `\\u{${c.charCodeAt(0).toString(16)}}`,
  "followed by a zero-width space": (c) => `${c}\u200b`,
  "followed by a joiner": (c) => `${c}\u200d`,
  "followed by a soft hyphen": (c) => `${c}\u00ad`,
  "followed by a tag": (c) => `${c}\u{e0061}`,
  "followed by a selector": (c) => `${c}\ufe0f`,
  "followed by a mark of direction": (c) => `${c}\u202e`,
  "followed by a NUL": (c) => `${c}\0`,
  "as a tag": (c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0)),
  "of full width": (c) => (c === " " ? "\u3000" : String.fromCharCode(c.charCodeAt(0) + 0xfee0)),
};

const SECRETS: Readonly<Record<string, string>> = { EMAIL: SECRET, API_KEY: KEY, CARD };

describe("a secret whose every character is", () => {
  it.each(Object.entries(WAYS))("%s", (_, way) => {
    for (const [label, secret] of Object.entries(SECRETS)) {
      const written = [...secret].map(way).join("");
      const made = String(redacted(`it is ${written}, or so`));
      expect(made, written).toMatch(new RegExp(`^it is \\[${label}\\].{0,2}, or so$`, "su"));
    }
  });
});

it.each([
  ["the sign of a mail address in a query", "to=ada%40example.org&cc=1", "to=[EMAIL]&cc=1"],
  ["digits of another script", "card ٤١١١ ١١١١ ١١١١ ١١١١ it is", "card [CARD] it is"],
  ["digits of mathematics", "card 𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏 it is", "card [CARD] it is"],
  ["blanks that do not break", "card 4111\u00a01111\u00a01111\u202f1111 it is", "card [CARD] it is"],
  ["dashes that do not break", "ring +1\u2011415\u2011555\u20112671 now", "ring [PHONE] now"],
  ["dots of East Asia", "write to ada＠example。org", "write to [EMAIL]"],
  ["named entities", "write to ada&commat;example&period;org &amp; wait", "write to [EMAIL] &amp; wait"],
  [
    "slashes that JSON escapes",
    String.raw`see https:\/\/ada:pa55word@example.org\/x`,
    String.raw`see https:\/\/[CREDENTIALS]\/x`,
  ],
  [
    "JSON in prose, with a line before the key",
    String.raw`it said {\"text\":\"Here:\n${KEY}\"}`,
    String.raw`it said {\"text\":\"Here:\n[API_KEY]\"}`,
  ],
  [
    "a password in JSON in prose",
    String.raw`it said {\"password\": \"hunter2hunter2\"}`,
    String.raw`it said {\"password\": \"[SECRET]\"}`,
  ],
  ["a text of JSON alone", String.raw`"ada\u0040example.org"`, '"[EMAIL]"'],
  ["JSON that is cut", String.raw`{"a":1,"b":"ada\u0040example.org and`, '{"a":1,"b":"[EMAIL] and'],
  [
    "a URL's fragment",
    "https://example.org/cb#access_token=abcdef123456&state=1",
    "https://example.org/cb#access_token=[SECRET]&state=1",
  ],
  ["a URL's user and password", "https://ada:p%4055word@example.org/", "https://[CREDENTIALS]/"],
])("%s", (_, text, expected) => {
  expect(redacted(text)).toBe(expected);
  expect(redacted(expected)).toBe(expected);
});

it("a secret that is disguised has the pseudonym that it has as it is", () => {
  const options = { replace: { pseudonym: "a key of sixteen characters" } };
  const plain = redacted(SECRET, options);
  for (const way of Object.values(WAYS))
    expect(String(redacted([...SECRET].map(way).join(""), options))).toContain(plain);
});

it("in a long text too, wherever its parts end", () => {
  const written = [...SECRET].map((c) => `&amp;#${c.charCodeAt(0)};`).join("");
  for (const before of [8000, 8100, 8180, 8192, 20_000]) {
    const made = String(redacted(`${"word ".repeat(before / 5)}${written} ${"word ".repeat(4000)}`));
    expect(made).toBe(`${"word ".repeat(before / 5)}[EMAIL] ${"word ".repeat(4000)}`);
  }
});

describe("what is encoded is encoded again without it:", () => {
  const held = JSON.stringify({ user: SECRET, password: "hunter2", city: "Zürich" });
  const kept = '{"user":"[EMAIL]","password":"[SECRET]","city":"Zürich"}';

  it.each<BufferEncoding>(["base64", "base64url", "hex"])("%s", (encoding) => {
    const [given, left] = [held, kept].map((text) => Buffer.from(text).toString(encoding));
    expect(redacted(`data:application/json;base64,${given} ends`)).toBe(
      `data:application/json;base64,${left} ends`,
    );
    expect(redacted({ list: [{ data: given }] })).toEqual({ list: [{ data: left }] });
    expect(redacted(JSON.stringify({ data: given, n: 1 }))).toBe(JSON.stringify({ data: left, n: 1 }));
  });

  it("in what is encoded, too, and in bytes", () => {
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    expect(redacted(base64(base64(held)))).toBe(base64(base64(kept)));
    expect(redacted(Buffer.from(`it is ${base64(held)}`))).toEqual(
      Uint8Array.from(Buffer.from(`it is ${base64(kept)}`)),
    );
  });
});

it("it is found in keys, names, maps, sets, bytes, numbers and causes", () => {
  const written = "ada%40example.org";
  const value = {
    [written]: 1,
    map: new Map([[written, new Set([written])]]),
    bytes: Buffer.from(`ada\u200b@example.org`),
    pan: 4111111111111111,
    big: 4111111111111111n,
    error: new Error("failed", { cause: new Error(written) }),
  };
  const made = redacted(value);
  expect(made).toMatchObject({
    "[EMAIL]": 1,
    map: new Map([["[EMAIL]", new Set(["[EMAIL]"])]]),
    bytes: Uint8Array.from(Buffer.from("[EMAIL]")),
    ...{ pan: "[CARD]", big: "[CARD]" },
  });
  expect(JSON.stringify(Reflect.get(Object(made), "error"))).not.toContain("example");
});

describe("a secret that is split over parts is found in all of them together:", () => {
  it.each<[string, unknown, unknown]>([
    ["chunks", ["I am ada", "@exam", "ple.", "org, hello"], ["I am [EMAIL], hello", "", "", ""]],
    [
      "parts of a message",
      [
        {
          role: "user",
          content: [
            { type: "text", text: KEY.slice(0, 9) },
            { type: "text", text: KEY.slice(9) },
          ],
        },
      ],
      [
        {
          role: "user",
          content: [
            { type: "text", text: "[API_KEY]" },
            { type: "text", text: "" },
          ],
        },
      ],
    ],
    [
      "deltas",
      [{ delta: "password=" }, { delta: "hunter2hunter2" }],
      [{ delta: "password=[SECRET]" }, { delta: "" }],
    ],
  ])("%s", (_, value, expected) => {
    expect(redacted(value)).toEqual(expected);
    expect(redacted(expected)).toEqual(expected);
  });

  it.each<[unknown, unknown]>([
    [
      ["ada@example.org", "bob@example.org"],
      ["[EMAIL]", "[EMAIL]"],
    ],
    [
      [{ text: "one" }, { text: SECRET }, { text: "three" }],
      [{ text: "one" }, { text: "[EMAIL]" }, { text: "three" }],
    ],
    [
      ["4111", "1111", "1111", "1111"],
      ["4111", "1111", "1111", "1111"],
    ],
    [
      [
        { role: "user", content: "ada@exam" },
        { role: "user", content: "ple.org" },
      ],
      expect.arrayContaining([{ role: "user", content: "ple.org" }]),
    ],
  ])("and what is none stays in its parts: %j", (value, expected) => {
    expect(redacted(value)).toEqual(expected);
  });
});

describe("a snapshot that ends in the midst of a secret shows nothing of it", () => {
  /** What a sink is shown of a span that runs, and of it when it has ended. */
  async function seen(value: unknown, options?: RedactOptions): Promise<unknown[]> {
    const tracer = new IterableTracer({ process: redact(options) });
    tracer.trace("work", (span) => void span.addAttribute("value", value).emitSnapshot());
    await tracer.close();
    const all: unknown[] = [];
    for await (const { attributes } of tracer) all.push(attributes["value"]);
    return all;
  }

  it.each([
    ["I am ada.lovelace@exam"],
    [`the key is ${KEY.slice(0, 12)}`],
    ["my card is 4111 1111 11"],
    ["to DE89 3704 0044 05"],
    ["ring +49 30 9"],
    ["with password: hunt"],
    ["send Bearer mF_9.B5"],
  ])("%s", async (text) => {
    const cut = text.replace(/(?:ada|sk-|4111|DE89|\+49|password|Bearer).*/, "[UNFINISHED]");
    expect(await seen(text)).toEqual([cut, text]);
    expect(await seen({ content: [{ text: "first" }, { text }] })).toEqual([
      { content: [{ text: "first" }, { text: cut }] },
      { content: [{ text: "first" }, { text }] },
    ]);
    expect(await seen(JSON.stringify([{ text }]))).toEqual([
      JSON.stringify([{ text: cut }]),
      JSON.stringify([{ text }]),
    ]);
    expect(await seen(text, { rules: ["ip"], names: false })).toEqual([text, text]);
  });

  it("and all else of it", async () => {
    for (const value of [
      "It is 27 °C in Rome, and",
      "order 17",
      { n: 1, list: ["get_weather", 4] },
      "4bf92f3577b34da6",
    ])
      expect(await seen(value)).toEqual([value, value]);
  });
});

describe("what has nothing to hide stays as it was, to the letter:", () => {
  it.each([
    "100%25 of them, 5%20 off, %zz and %C3%28",
    "https://example.org/a%20b/?q=caf%C3%A9&x=%7B%22n%22%3A1%7D#top",
    "Tom &amp; Jerry &lt;3 &#8212; &unknown; &#xfffffff;",
    String.raw`C:\users\new\table.txt and \d+\.\d{2}\/ and \\\\server\share`,
    "👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️ नमस्ते सा‌थी می‌خواهم",
    "価格は１２３４円、電話は不明。ＡＢＣ",
    "1 234 567,89 € – 2010–2026, 10² + ① ½",
    Buffer.from("nothing to hide in this text, is there?").toString("base64"),
    Buffer.from("nothing to hide in this text, is there?").toString("hex"),
    "d41d8cd98f00b204e9800998ecf8427e 550e8400-e29b-41d4-a716-446655440000",
    "src/components/navigation/SidebarNavigationItems.tsx",
    readFileSync(new URL("../../docs/images/filter-light.png", import.meta.url)).toString("base64"),
  ])("%.60s", (text) => {
    expect(redacted(text)).toBe(text);
  });

  it("and bytes of pictures do", () => {
    const bytes = Uint8Array.from(
      readFileSync(new URL("../../docs/images/filter-light.png", import.meta.url)),
    );
    expect(redacted(bytes)).toEqual(bytes);
  });

  it("whatever stands around a secret that is disguised", () => {
    const ways = fc.constantFrom(...Object.entries(WAYS).filter(([name]) => name !== "as a tag"));
    const around = fc.stringMatching(/^[a-z .,!?é漢👍%&\\]{0,40}$/u);
    fc.assert(
      fc.property(ways, around, around, ([, way], before, behind) => {
        const written = [...SECRET].map(way).join("");
        const made = String(redacted(`${before} «${written}» ${behind}`));
        expect(made.startsWith(`${before} «[EMAIL]`)).toBe(true);
        expect(made.endsWith(`» ${behind}`)).toBe(true);
        expect(made).not.toContain(written);
      }),
    );
  });
});
