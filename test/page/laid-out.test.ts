// Texts that are compared: their JSON laid out to a width, whatever else they say, and each word in the piece that it was in.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../src/model/values.ts";
import type { WordPieceJson } from "../../src/viewer/api.ts";
import { laidOut, onOneLine } from "../../web/value/laid-out.ts";

/** JSON as the server compares it. */
function asCompared(value: unknown): string {
  return JSON.stringify(JSON.parse(canonicalJson(value)), undefined, 1);
}

function alone(text: string, letters: number): string {
  return laidOut([{ in: "both", text }], "a", letters)[0]?.text ?? "";
}

const flight = { flight: "AF 1135", from: "BER", to: "CDG", departs: "09:40" };

describe("a text that is compared", () => {
  it("has an object that fits a line on a line, behind the name of a tool too", () => {
    expect(alone(asCompared({ ok: true, minutes: 14 }), 60)).toBe('{"minutes": 14, "ok": true}');
    expect(alone(`I ask.\nfind_flights ${asCompared(flight)}\nrate ${asCompared({ to: "EUR" })}`, 90)).toBe(
      'I ask.\nfind_flights {"departs": "09:40", "flight": "AF 1135", "from": "BER", "to": "CDG"}\nrate {"to": "EUR"}',
    );
    for (const line of alone(asCompared({ results: [flight, flight, flight] }), 50).split("\n"))
      expect(line.length).toBeLessThanOrEqual(50);
  });

  it("stays as it is where it is no JSON of ours", () => {
    for (const text of [
      "{\n  two blanks\n}",
      "[\n",
      "{",
      'a {\n "b": c\n}',
      '{\n  "a": 1\n}',
      "no JSON\nat all",
    ])
      expect(alone(text, 40)).toBe(text);
  });

  it("that was cut says so, and has what came before", () => {
    const whole = asCompared({ results: Array.from({ length: 9 }, (_, i) => ({ ...flight, i })) });
    for (let length = 200; length < whole.length - 20; length += 7) {
      const text = alone(whole.slice(0, length), 70);
      expect(text.split("\n").length).toBeLessThan(whole.slice(0, length).split("\n").length);
      expect(text.endsWith(" …")).toBe(true);
      expect(whole.replace(/\s/g, "")).toContain(text.slice(0, -2).replace(/\s/g, ""));
    }
  });

  it("has each word in the piece that it was in, and all of them, whatever the difference is", () => {
    const json = fc.jsonValue({ maxDepth: 4 }).map(asCompared);
    fc.assert(
      fc.property(
        json,
        fc.array(fc.nat(400), { maxLength: 6 }),
        fc.integer({ min: 20, max: 120 }),
        (text, cuts, width) => {
          const places = [0, ...cuts.filter((at) => at < text.length).sort((a, b) => a - b), text.length];
          const words = places.slice(1).map((to, i): WordPieceJson => {
            return { in: i % 2 === 0 ? "both" : "a", text: text.slice(places[i], to) };
          });
          for (const shown of [laidOut(words, "a", width), onOneLine(words, "a")]) {
            expect(JSON.parse(shown.map((piece) => piece.text).join(""))).toEqual(JSON.parse(text));
            expect(shown.map((piece) => [piece.in, letters(piece.text)])).toEqual(
              words.map((piece) => [piece.in, letters(piece.text)]),
            );
          }
        },
      ),
    );
  });
});

function letters(text: string): string {
  return text.replace(/\s/g, "");
}
