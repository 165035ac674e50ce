// How the search shows what it found: by conversation, and no text twice until all is asked for.
import { expect, test } from "vitest";
import type { FoundJson } from "../../src/viewer/api.ts";
import { groupsOf, shownOf } from "../../web/search/groups.ts";

function hit(second: number, text: string, conversation: string | null = "trip"): FoundJson {
  return {
    ...{ trace_id: "a".repeat(32), span_id: String(second).padStart(16, "0"), span_name: "converse" },
    ...{ started_at: new Date(second * 1000).toISOString(), conversation_id: conversation },
    ...{ kind: "turn", called: null, user: null, snippets: [{ label: "input", text, hits: [] }] },
  };
}

const told = (hits: readonly FoundJson[]): string[] =>
  hits.map(({ started_at: at, snippets: [first] }) => `${Date.parse(at) / 1000} ${first?.text}`);

test("a prompt that each call repeats is shown where it was first; at most three of a group are", () => {
  const [group, ...others] = groupsOf([5, 4, 3, 2, 1].map((second) => hit(second, "pack an umbrella?")));
  expect(others).toEqual([]);
  expect(group && told(shownOf(group))).toEqual(["1 pack an umbrella?"]);
  const [many] = groupsOf([5, 4, 3, 2, 1].map((second) => hit(second, `umbrella ${second}`)));
  expect(many && told(shownOf(many))).toEqual(["1 umbrella 1", "2 umbrella 2", "3 umbrella 3"]);
  expect(many?.hits.length).toBe(5);
});

test("the conversation of the latest hit comes first, in whatever order they were found", () => {
  const groups = groupsOf([
    hit(1, "x", "early"),
    hit(9, "x", "late"),
    hit(2, "y", "early"),
    hit(5, "x", null),
  ]);
  expect(groups.map(({ name }) => name)).toEqual(["late", "aaaaaaaa", "early"]);
  expect(groups.map(({ at }) => at)).toEqual([9000, 5000, 2000]);
});
