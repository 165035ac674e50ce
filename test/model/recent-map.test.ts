import fc from "fast-check";
import { expect, test } from "vitest";
import { RecentMap } from "../../src/model/recent-map.ts";

test("holds the latest, and forgets what was used longest ago", () => {
  const key = fc.integer({ min: 0, max: 12 });
  const step = fc.oneof(
    fc.record({ kind: fc.constant("set"), key }),
    fc.record({ kind: fc.constant("get"), key }),
    fc.record({ kind: fc.constant("delete"), key }),
    fc.record({ kind: fc.constantFrom("set", "set", "clear"), key }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(step, { maxLength: 200 }), (limit, steps) => {
      const map = new RecentMap<number, number>(limit);
      let latest: (readonly [key: number, value: number])[] = [];
      for (const [value, { kind, key }] of steps.entries()) {
        const held = latest.find(([one]) => one === key);
        const others = latest.filter(([one]) => one !== key);
        if (kind === "get") {
          expect(map.get(key)).toBe(held?.[1]);
          if (held !== undefined) latest = [...others, held];
        } else if (kind === "set") {
          map.set(key, value);
          latest = [...others, [key, value] as const].slice(-limit);
        } else if (kind === "delete") {
          map.delete(key);
          latest = others;
        } else {
          map.clear();
          latest = [];
        }
      }
      for (const [one, value] of latest) expect(map.get(one)).toBe(value);
    }),
  );
});
