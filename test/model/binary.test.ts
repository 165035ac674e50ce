// The binary form of captured values: exact, and safe to read whatever the bytes.
import { deepStrictEqual } from "node:assert";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBinary } from "../../src/model/binary-decoder.ts";
import { encodeBinary } from "../../src/model/binary-encoder.ts";
import { capture } from "../../src/model/capture.ts";
import { EVERY_KIND_OF_VALUE } from "../../src/testing/values.ts";
import { runs } from "../sizes.ts";
import { anyMaker } from "./arbitraries.ts";

describe("the binary form", () => {
  test("gives every kind of value back", () => {
    const value = capture(EVERY_KIND_OF_VALUE);
    deepStrictEqual(decodeBinary(encodeBinary(value)), value);
  });

  test("gives any captured value back", () => {
    fc.assert(
      fc.property(anyMaker, (make) => {
        const value = capture(make()) ?? null;
        deepStrictEqual(decodeBinary(encodeBinary(value)), value);
      }),
      { numRuns: runs(500) },
    );
  });

  test("gives long text and bytes back, cut anywhere", () => {
    const text = "x" + "😀".repeat(200_000) + "\ud800" + "é".repeat(300_000);
    const value = [text, Uint8Array.from({ length: 500_000 }, (_, i) => i % 251), "end"];
    deepStrictEqual(decodeBinary(encodeBinary(value)), value);
  });

  test("either reads bytes or says that they are broken", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeBinary(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: runs(5000) },
    );
    for (let depth = 1; depth < 3000; depth += 999) {
      const nested = Uint8Array.from({ length: 2 * depth }, (_, i) => (i % 2 === 0 ? 14 : 1));
      expect(() => decodeBinary(nested)).toThrow(RangeError);
    }
  });
});
