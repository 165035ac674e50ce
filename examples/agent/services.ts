// What the tools ask: made-up services of weather, events and tickets. One is quick, one is slow, one refuses.

/** Waits so many milliseconds: a test does not. */
export type Pause = (ms: number, signal?: AbortSignal | undefined) => Promise<void>;

/** By the names of their tools, so that `replayTools` can stand in for them. */
export type Services = {
  get_weather(input: { city: string; days: number }, signal?: AbortSignal): Promise<unknown>;
  search_events(input: { city: string; kind: string }, signal?: AbortSignal): Promise<unknown>;
  book_tickets(input: { event: string; count: number }, signal?: AbortSignal): Promise<unknown>;
};

export function travelServices(pause: Pause): Services {
  return {
    get_weather: async ({ city, days }, signal) => {
      await pause(380, signal);
      return { city, days: forecast(city).slice(0, days) };
    },
    search_events: async ({ city, kind }, signal) => {
      await pause(2600, signal);
      if (UNREACHABLE.has(city)) throw new Error(`503: the events of ${city} cannot be read at the moment`);
      const events = EVENTS.map((event) => ({ ...event, venue: `${event.venue}, ${city}` }));
      return { city, events: events.filter((event) => kind === "any" || event.kind === kind) };
    },
    book_tickets: async ({ event, count }, signal) => {
      await pause(700, signal);
      const found = EVENTS.find(({ name }) => name === event);
      if (found === undefined) throw new Error(`There is no event "${event}"`);
      if (found.seats < count) throw new Error(`"${event}" has too few seats left: ${found.seats}`);
      return {
        event,
        count,
        total: `€ ${(found.price * count).toFixed(2)}`,
        code: `TL-${event.length}${count}7`,
      };
    },
  };
}

const EVENTS = [
  {
    name: "Late Train Trio",
    kind: "music",
    venue: "Blue Hall",
    starts: "Friday 20:00",
    price: 24.5,
    seats: 12,
  },
  {
    name: "Organ at Noon",
    kind: "music",
    venue: "Old Church",
    starts: "Saturday 12:15",
    price: 0,
    seats: 80,
  },
  {
    name: "Light and Water",
    kind: "art",
    venue: "Harbour Museum",
    starts: "daily 10:00",
    price: 16,
    seats: 200,
  },
  { name: "Paint Lab", kind: "family", venue: "Villa Zebra", starts: "Saturday 14:00", price: 9.5, seats: 1 },
];

/** Where the service of events does not answer. */
const UNREACHABLE: ReadonlySet<string> = new Set(["Rotterdam"]);

/** Always the same for a city. */
function forecast(city: string): object[] {
  const seed = [...city].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return DAYS.map((day, i) => {
    const rain = Math.max(0, ((seed * (i + 3)) % 11) - 5);
    const sky = rain > 2 ? "rain" : rain > 0 ? "showers" : "clear";
    return { day, high: 6 + ((seed + i * 5) % 17), rain_mm: rain, sky };
  });
}

const DAYS = ["today", "tomorrow", "in 2 days", "in 3 days", "in 4 days", "in 5 days", "in 6 days"];
