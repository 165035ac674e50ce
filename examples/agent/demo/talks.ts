// Fifty talks with the travel desk over a week: what people asked, when, and what went wrong.
import type { Service } from "../models/services.ts";

/** A talk that is to be had. */
export interface PlannedTalk {
  /** How long before now it began, in milliseconds. */
  readonly ago: number;
  readonly user: string;
  readonly service: Service;
  readonly turns: readonly string[];
  /** Between two turns, in milliseconds. */
  readonly pauseMs: number;
  readonly mishap: Mishap | undefined;
}

/**
 * `busy`: the service refuses once. `down`: it refuses the second turn for good. `stopped`: the traveller calls the last turn off.
 * `tells-time`: a version of the agent whose prompt tells the time.
 */
type Mishap = "busy" | "down" | "stopped" | "tells-time";

interface Kind {
  readonly count: number;
  readonly turns: (city: string) => readonly string[];
  readonly mishap?: Mishap;
  readonly city?: string;
  readonly pauseMs?: number;
}

const MINUTE = 60_000;
const WEEK = 7 * 24 * 60 * MINUTE;

const KINDS: readonly Kind[] = [
  { count: 9, turns: (city) => [`Is it sunny in ${city} tomorrow?`] },
  { count: 6, turns: (city) => [`Shall I pack an umbrella for ${city} this weekend?`, "Thank you!"] },
  {
    count: 7,
    turns: (city) => [
      `Is there a jazz concert in ${city}, and will it rain this weekend?`,
      "And what is on for children?",
    ],
  },
  {
    count: 6,
    turns: (city) => [
      `What is there to do in ${city} for children?`,
      "Book four tickets for Paint Lab.",
      "Book four tickets for Light and Water.",
      "Thanks, bye.",
    ],
  },
  {
    count: 5,
    turns: (city) => [`Plan a day in ${city} for me`, "Book two tickets for Light and Water."],
  },
  {
    count: 3,
    city: "Rotterdam",
    turns: (city) => [`Which museum is open in ${city}?`, "And tomorrow, will it rain?"],
  },
  { count: 2, turns: (city) => [`What will the weather in ${city} be like for a fortnight?`] },
  {
    count: 3,
    mishap: "tells-time",
    turns: (city) => [
      `Is it warm in ${city} this week?`,
      "Is there a concert?",
      "Book two seats for the Late Train Trio.",
      "And a museum?",
    ],
  },
  {
    count: 2,
    pauseMs: 14 * MINUTE,
    turns: (city) => [`Is it cold in ${city} tomorrow?`, "And is there music on Friday?"],
  },
  {
    count: 2,
    mishap: "busy",
    turns: (city) => [`Will it rain in ${city} tomorrow?`, "And is there a concert?"],
  },
  { count: 2, mishap: "down", turns: (city) => [`Is it sunny in ${city}?`, "And is there an exhibition?"] },
  {
    count: 1,
    mishap: "stopped",
    turns: (city) => [`Is it sunny in ${city}?`, "What is on in Vienna, of any kind?"],
  },
  { count: 1, turns: longTalk },
];

/** Long enough to be summed up on the way. */
function longTalk(city: string): string[] {
  return [
    `We are two, with two children, and come to ${city} this week. What is the weather like?`,
    "Is there a jazz concert?",
    "Book two seats for the Late Train Trio.",
    "And a museum for Saturday?",
    "Book four tickets for Light and Water.",
    "What is on for children?",
    "Book two tickets for Paint Lab.",
    "Is it dry in Ghent this weekend? We may go there on Sunday.",
    "Is there music in Ghent?",
    "Plan a day in Ghent for us.",
    "Thank you, bye.",
  ];
}

const CITIES = [
  "Amsterdam",
  "Utrecht",
  "Antwerp",
  "Berlin",
  "Lisbon",
  "Oslo",
  "Paris",
  "Prague",
  "Bologna",
  "Vienna",
];
const USERS = ["dana", "lee", "noor", "sam", "ines", "otto", "mira"];
const SERVICES = ["anthropic", "openai", "bedrock", "anthropic", "openai"] as const;

/** All but the one that runs; the oldest first. The same each time. */
export function plannedTalks(): PlannedTalk[] {
  const kinds = KINDS.flatMap((kind) => Array.from({ length: kind.count }, () => kind));
  const random = randomFrom(SEED);
  const talks = kinds.map(({ turns, mishap, city, pauseMs }, i): PlannedTalk => {
    const named = city ?? pick(CITIES, i * 3);
    return {
      ago: Math.round(20 * MINUTE + random() * (WEEK - 30 * MINUTE)),
      ...{ user: pick(USERS, i), service: pick(SERVICES, i), turns: turns(named), mishap },
      pauseMs: pauseMs ?? 15_000 + random() * 60_000,
    };
  });
  return talks.sort((a, b) => b.ago - a.ago);
}

/** What the one that runs asks, again and again. */
export const RUNNING: readonly string[] = [
  "Is it sunny in Lisbon this weekend, and is there a concert?",
  "Book two seats for the Late Train Trio.",
  "Plan a day in Oslo for me",
];

const SEED = 7;

function pick<T>(from: readonly T[], i: number): T {
  const one = from[i % from.length];
  if (one === undefined) throw new RangeError("nothing to pick from");
  return one;
}

/** Numbers from 0 to 1, the same for the same seed: a linear congruential generator, as Numerical Recipes has it. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
