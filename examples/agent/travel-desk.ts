// The travel assistant: a supervisor that answers, and two sub-agents that know the weather and what is on.
import { type Agent, asTool, type Runtime, work } from "./agent.ts";
import { compacted } from "./history.ts";
import type { Message } from "./models/model.ts";
import { EVENTS, SUPERVISOR, WEATHER } from "./prompts.ts";
import type { Services } from "./services.ts";
import { travelTools } from "./tools.ts";

export interface Talk extends Runtime {
  readonly conversationId: string;
  /** Who travels. */
  readonly user: string;
  /** What its tools ask. */
  readonly services: Services;
  /** Longer histories are summed up: characters of JSON. Default 5,000. */
  readonly maxHistory?: number;
  /** Puts the time of day into the system prompt. A mistake, to be seen in the demo: the provider's cache is lost at each turn. */
  readonly tellsTime?: boolean;
}

export interface Said {
  readonly onText?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A talk with one traveller. */
export class TravelDesk {
  readonly #talk: Talk;
  #history: readonly Message[] = [];

  constructor(talk: Talk) {
    this.#talk = talk;
  }

  /** One turn. One that fails or is called off leaves nothing in the history. */
  say(input: string, { onText, signal }: Said = {}): Promise<string> {
    const { tracer, model, conversationId, user, maxHistory = 5000 } = this.#talk;
    return tracer.trace("converse", { spanKind: "SERVER" }, async (turn) => {
      turn.addAttribute("ai.conversation.id", conversationId, { inheritable: true });
      turn.addAttribute("ai.auth.context", user, { inheritable: true });
      turn.addAttribute("ai.agent.name", "supervisor", { inheritable: true });
      turn.addAttributes({ "ai.trace.type": "converse", "ai.user.input": input });

      const runtime = { tracer, model, signal };
      const history = await compacted(this.#history, maxHistory, runtime);
      history.push({ role: "user", text: input });
      const response = await work(this.#supervisor(runtime), history, { ...runtime, onText });
      this.#history = history;
      turn.addAttribute("ai.agent.response", response);
      return response;
    });
  }

  #supervisor(runtime: Runtime): Agent {
    const { getWeather, searchEvents, bookTickets } = travelTools(this.#talk.services);
    const weather: Agent = { name: "weather", size: "small", system: WEATHER, tools: [getWeather] };
    const events: Agent = { name: "events", size: "small", system: EVENTS, tools: [searchEvents] };
    return {
      name: "supervisor",
      size: "large",
      system:
        this.#talk.tellsTime === true ? `${SUPERVISOR}\n\nIt is ${new Date().toISOString()}.` : SUPERVISOR,
      tools: [
        asTool(weather, "Asks the specialist for the weather, by city and days.", runtime),
        asTool(events, "Asks the specialist for what is on: music, art and things for children.", runtime),
        bookTickets,
      ],
    };
  }
}
