// The tools of the travel desk: how a model is told of them, and what input they take.
import { z } from "zod";
import { type Tool, tool } from "./agent.ts";
import type { Services } from "./services.ts";

export interface Tools {
  readonly getWeather: Tool;
  readonly searchEvents: Tool;
  readonly bookTickets: Tool;
}

export function travelTools({ get_weather, search_events, book_tickets }: Services): Tools {
  return {
    getWeather: tool({
      name: "get_weather",
      description: "The weather in a city for the next days, from the national service.",
      input: z.object({ city: z.string(), days: z.int().min(1).max(7) }),
      run: get_weather,
    }),
    searchEvents: tool({
      name: "search_events",
      description: "Concerts, exhibitions and things for children in a city, with prices and free seats.",
      input: z.object({ city: z.string(), kind: z.enum(["music", "art", "family", "any"]) }),
      run: search_events,
    }),
    bookTickets: tool({
      name: "book_tickets",
      description: "Books tickets. Only after a clear yes: it costs money at once.",
      input: z.object({ event: z.string(), count: z.int().min(1).max(8) }),
      run: book_tickets,
    }),
  };
}
