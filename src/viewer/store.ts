// What is looked at, and what it can do.
import { VERSION } from "../model/version.ts";
import type { StoreJson } from "./api.ts";
import type { Asked } from "./asked.ts";
import type { ViewerOptions } from "./options.ts";

/** What the viewer knows besides. */
export interface StoreFacts extends Pick<ViewerOptions, "kind" | "otlpUrl" | "principal" | "prices"> {
  readonly isReadOnly: boolean;
  readonly isLive: boolean;
}

/** `GET /api/store` */
export async function store(asked: Asked, facts: StoreFacts): Promise<StoreJson> {
  asked.params();
  const { reader } = asked;
  const some = await reader.find({ order: "desc", limit: 1 });
  return {
    name: reader.name,
    kind: facts.kind ?? reader.name,
    version: VERSION,
    read_only: facts.isReadOnly,
    is_empty: some.length === 0,
    can: {
      live: facts.isLive,
      search: reader.has("search"),
      tally: reader.has("tally"),
      summaries: reader.has("summaries"),
    },
    has_prices: facts.prices !== undefined,
    otlp_url: facts.isReadOnly ? null : (facts.otlpUrl ?? null),
    principal: facts.principal ?? null,
    now: new Date().toISOString(),
    notes: reader.notes,
  };
}
