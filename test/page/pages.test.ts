// The list of a page that is left open: what came since joins what was read, without gaps and without end.
import { describe, expect, it } from "vitest";
import type { RowJson } from "../../src/viewer/api.ts";
import { MOST_KEPT, newsIn, type Pages, withLatest } from "../../web/list/pages.ts";

describe("the latest page", () => {
  it("stands above what was read, each row once", () => {
    const now = withLatest(page([5, 4, 3], "c3"), page([4, 3, 2, 1], null));
    expect(keys(now)).toEqual(["5", "4", "3", "2", "1"]);
    expect(now.cursor).toBeNull();
  });

  it("stands alone where rows between were never read: the rest is read again from its end", () => {
    const now = withLatest(page([9, 8, 7], "c7"), page([3, 2, 1], null));
    expect(keys(now)).toEqual(["9", "8", "7"]);
    expect(now.cursor).toBe("c7");
  });

  it("never lets a list that is left open grow without end", () => {
    let list = page([2, 1, 0], null);
    let most = 0;
    for (let i = 3; i < 5000; i++) {
      list = withLatest(page([i, i - 1, i - 2], `c${i - 2}`), list);
      most = Math.max(most, list.rows.length);
      expect(keys(list)[0]).toBe(String(i));
    }
    expect(most).toBeLessThanOrEqual(MOST_KEPT);
  });

  it("takes the first rows of a list that had none", () => {
    expect(keys(withLatest(page([1], null), page([], null)))).toEqual(["1"]);
  });
});

describe("what is new", () => {
  const before = page([3, 2, 1], null);

  it("is counted: rows that were not there, and those with a new turn", () => {
    expect(newsIn(page([5, 4, 3], "c3"), before)).toBe("2");
    const turned = page([3, 2, 1], null).rows.map((one) =>
      one.key === "2" ? { ...one, latest_at: "4" } : one,
    );
    expect(newsIn({ rows: turned, cursor: null }, before)).toBe("1");
    expect(newsIn(before, before)).toBe("");
    expect(newsIn({ rows: [], cursor: null }, before)).toBe("");
  });

  it("may be more where all of a page is", () => {
    expect(newsIn(page([9, 8, 7], "c7"), before)).toBe("3+");
    expect(newsIn(page([9, 8, 7], null), page([], null))).toBe("3");
  });
});

function keys({ rows }: Pages): string[] {
  return rows.map(({ key }) => key);
}

function page(numbers: readonly number[], cursor: string | null): Pages {
  return { rows: numbers.map(row), cursor };
}

function row(number: number): RowJson {
  return {
    ...{ key: String(number), title: null, name: "turn", agent: null, user: null, latest_at: String(number) },
    ...{ duration_ms: 0, models: [], more_models: 0, input_tokens: 0, output_tokens: 0, cost_usd: null },
    ...{ unpriced_calls: 0, tool_calls: 0, errors: 0, state: "ended" },
  };
}
