// What the scripted model says: by rules instead of a network, so that the same talk gives the same answers, without a key.
import type { Answer, Message, ToolResult } from "../models/model.ts";

/** What a model is asked, whatever wire it came by. */
export interface Asked {
  readonly model: string;
  readonly system: string;
  /** As they were sent: they count as tokens. */
  readonly tools: readonly unknown[];
  readonly messages: readonly Message[];
}

/** Its answer. `newId` gives ids of calls. */
export function answerTo({ system, messages }: Asked, newId: () => string): Answer {
  const [, role] = ROLES.find(([start]) => system.startsWith(start)) ?? [];
  const { text = "", calls = [] } = role?.(heard(messages)) ?? {
    text: "I am a script, and know travel only.",
  };
  return { text, calls: calls.map(([name, input]) => ({ id: newId(), name, input })) };
}

/** What a role says. */
interface Said {
  readonly text?: string;
  readonly calls?: readonly (readonly [tool: string, input: object])[];
}

/** What it has heard. */
interface Heard {
  /** The last words of the user. */
  readonly text: string;
  /** The city that was named last. */
  readonly city: string | undefined;
  /** What tools gave since. */
  readonly results: readonly Used[];
}

interface Used extends ToolResult {
  readonly name: string;
}

function heard(messages: readonly Message[]): Heard {
  const at = messages.findLastIndex(({ role }) => role === "user");
  const users = messages.flatMap((message) => (message.role === "user" ? [message.text] : []));
  const calls = messages.flatMap((message) => (message.role === "assistant" ? message.calls : []));
  const results = messages.slice(at).flatMap((message) => (message.role === "tool" ? message.results : []));
  return {
    text: users.at(-1) ?? "",
    city: users.flatMap((text) => text.match(CITIES) ?? []).at(-1),
    results: results.map((result) => ({
      ...result,
      name: calls.find(({ id }) => id === result.id)?.name ?? "",
    })),
  };
}

function supervisor({ text, city, results }: Heard): Said {
  const booking = /\bbook (\w+) (?:seats?|tickets?) for (?:the )?(.+?)[.?]?$/i.exec(text);
  if (booking?.[2] !== undefined)
    return book({ event: booking[2], count: NUMBERS[booking[1] ?? ""] ?? 1 }, results);
  if (/thank|bye/i.test(text)) return { text: "You are welcome. Have a good trip." };
  if (city === undefined) return { text: "Which city do you mean?" };
  const wanted = /\bplan\b/i.test(text) ? plan(city, text, results) : questions(city, text);
  const open = wanted.filter((_, i) => i >= results.length);
  return open.length > 0 ? { calls: open } : { text: results.map(toldBy).join("\n\n") };
}

/** Asked side by side. */
function questions(city: string, text: string): [string, object][] {
  const asked: [string, object][] = [];
  if (/weather|rain|sunny|umbrella|warm|cold|pack/i.test(text)) asked.push(askWeather(city, text));
  if (/concert|jazz|music|museum|exhibition|event|on in|children|kids|to do/i.test(text))
    asked.push(askEvents(city, text));
  return asked.length > 0 ? asked : [askWeather(city, text), askEvents(city, text)];
}

/** The weather first: what is on depends on it. */
function plan(city: string, text: string, results: readonly Used[]): [string, object][] {
  const isWet = /rain|showers/.test(JSON.stringify(results[0]?.output ?? ""));
  const events: [string, object] = [
    "ask_events",
    { question: `What is on in ${city}${isWet ? ", indoors: art" : ""}?` },
  ];
  return results.length === 0 ? [askWeather(city, text)] : [askWeather(city, text), events];
}

function askWeather(city: string, text: string): [string, object] {
  return ["ask_weather", { question: `The weather in ${city}, ${daysIn(text)} days from today.` }];
}

function askEvents(city: string, text: string): [string, object] {
  const kind = /concert|jazz|music/i.test(text) ? "music" : /museum|exhibition|art/i.test(text) ? "art" : "";
  return [
    "ask_events",
    { question: `What is on in ${city}: ${/child|kids/i.test(text) ? "family" : kind || "any"}?` },
  ];
}

function daysIn(text: string): number {
  const [, days = 1] = DAYS.find(([word]) => word.test(text)) ?? [];
  return days;
}

function book(input: { event: string; count: number }, [result]: readonly Used[]): Said {
  if (result === undefined) return { calls: [["book_tickets", input]] };
  const output = fields(result.output);
  if (result.isError)
    return { text: `That did not work: ${output["error"]}. Shall I look for something else?` };
  return {
    text: `Booked: ${output["count"]} for ${output["event"]}, ${output["total"]} in all, code ${output["code"]}. You can cancel within 24 hours, free of charge.`,
  };
}

function toldBy({ output, isError }: Used): string {
  const { answer, error } = fields(output);
  return isError ? `I could not find out: ${error}.` : String(answer);
}

function weather({ text, city = "", results }: Heard): Said {
  const last = results.at(-1);
  if (last === undefined)
    return { calls: [["get_weather", { city, days: Number(/(\d+) days/.exec(text)?.[1] ?? 1) }]] };
  // It asked for more days than there are, and does better.
  if (last.isError && results.length === 1) return { calls: [["get_weather", { city, days: 7 }]] };
  const days = list(fields(last.output)["days"]).map(fields);
  if (last.isError || days.length === 0)
    return { text: `The forecast for ${city} cannot be read at the moment.` };
  return {
    text: `${city}: ${days.map((day) => `${day["day"]} ${day["high"]} °C, ${day["sky"]}`).join("; ")}.`,
  };
}

function events({ text, city = "", results: [result] }: Heard): Said {
  const kind = /music|art|family/.exec(text)?.[0] ?? "any";
  if (result === undefined) return { calls: [["search_events", { city, kind }]] };
  if (result.isError)
    return {
      text: `What is on in ${city} cannot be read at the moment (${fields(result.output)["error"]}).`,
    };
  const found = list(fields(result.output)["events"]).map(fields);
  const lines = found.map(({ name, venue, starts, price, seats }) => {
    const left = Number(seats) < 20 ? `, ${seats} left` : "";
    return `- **${name}**, ${venue}, ${starts}, ${price === 0 ? "free" : `€ ${Number(price).toFixed(2)}`}${left}`;
  });
  return { text: lines.length === 0 ? `Nothing of that kind is on in ${city}.` : lines.join("\n") };
}

function historian({ text }: Heard): Said {
  const said = [...text.matchAll(/^Traveller: (.+)$/gm)].map(([, words = ""]) => words);
  const booked = [...text.matchAll(/^Desk: (Booked: [^.]+)/gm)].map(([, words = ""]) => words);
  const cities = [...new Set(text.match(CITIES))].join(", ");
  return { text: [`Cities: ${cities}`, `Asked: ${said.slice(-3).join(" / ")}`, ...booked].join("\n") };
}

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

const ROLES: readonly (readonly [start: string, role: (heard: Heard) => Said])[] = [
  ["You are the supervisor", supervisor],
  ["You know the weather", weather],
  ["You know what is on", events],
  ["You sum up", historian],
];
const CITIES = /Amsterdam|Antwerp|Berlin|Bologna|Ghent|Lisbon|Oslo|Paris|Prague|Rotterdam|Utrecht|Vienna/g;
const NUMBERS: Readonly<Record<string, number>> = { one: 1, two: 2, three: 3, four: 4, five: 5 };
const DAYS: readonly (readonly [RegExp, number])[] = [
  [/fortnight|two weeks/i, 14],
  [/weekend/i, 3],
  [/week/i, 7],
  [/tomorrow/i, 2],
];
