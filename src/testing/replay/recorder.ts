// What goes to the network where misses are recorded: each call is a line more of the cassette.
import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { list } from "../../agents/dialects/values.ts";
import type { FetchLike } from "../../agents/fetch/request.ts";
import { tracedFetch } from "../../agents/fetch/traced-fetch.ts";
import { NAMES } from "../../conventions/names.ts";
import { fieldIn, wordsIn } from "../../conventions/values.ts";
import type { SpanFields } from "../../model/span-fields.ts";
import { Tracer } from "../../tracing/tracer.ts";
import { type CassetteOptions, cassetteLine, cassetteRules } from "./cassette.ts";
import { nameOf } from "./question.ts";
import { packed } from "./wires/embeddings.ts";
import { SERVER } from "./wires/wire.ts";

/** Adds calls to a cassette as they end. */
export class Recorder {
  /** Its spans are the lines. */
  readonly tracer: Tracer;

  constructor(file: string, options: CassetteOptions) {
    const rules = cassetteRules(options);
    mkdirSync(dirname(file), { recursive: true });
    this.tracer = new Tracer({
      name: "cassette",
      write: (span) => appendFileSync(file, cassetteLine(span, rules)),
    });
  }

  /** The same `fetch`, recorded. */
  fetch(network: FetchLike): FetchLike {
    return tracedFetch(this.tracer, { fetch: network });
  }

  /** Embeddings with their vectors, which traces leave out. */
  embedding(asked: SpanFields, url: string, send: () => Promise<Response>): Promise<Response> {
    const attributes = { ...asked.attributes, [SERVER]: new URL(url).hostname };
    return this.tracer.trace(nameOf(asked), { attributes, spanKind: "CLIENT" }, async (span) => {
      const response = await send();
      if (!response.ok) {
        span
          .addAttribute("http.response.status_code", response.status)
          .setStatus("ERROR", String(response.status));
        return response;
      }
      const answer: unknown = await response.clone().json();
      span.addAttribute(NAMES.output, vectorsIn(answer).map(vectorText));
      span.addAttribute(NAMES.responseModel, wordsIn(fieldIn(answer, "model")));
      span.addAttribute(NAMES.responseUsage, Object(fieldIn(answer, "usage") ?? {}));
      return response;
    });
  }

  /** A tool of the app's own. */
  tool(asked: SpanFields, real: () => unknown): Promise<unknown> {
    const { spanName, attributes } = asked;
    return this.tracer.trace(spanName, { attributes }, async (span) => {
      const output = await real();
      span.addAttribute(NAMES.toolOutput, output);
      return output;
    });
  }
}

function vectorsIn(answer: unknown): readonly unknown[] {
  const data = list(fieldIn(answer, "data")).map((one) => fieldIn(one, "embedding"));
  return data.length > 0 ? data : list(fieldIn(answer, "embeddings"));
}

function vectorText(vector: unknown): unknown {
  return Array.isArray(vector) ? packed(vector.map(Number)) : vector;
}
