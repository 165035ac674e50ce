// Why the cache was lost, where other calls stand between.
import { expect, test } from "vitest";
import { judgedStory } from "../fixtures/context/judged.ts";
import { STORIES } from "../fixtures/context/stories.ts";

test.each(STORIES)("$name ($shape)", (story) => {
  expect(judgedStory(story)).toEqual(story.expected);
});
