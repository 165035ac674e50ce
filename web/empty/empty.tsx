// Nothing has come yet: where the page listens, and three ways to send a first trace.
import type { JSX } from "preact";
import { liveState } from "../app/live.ts";
import { store } from "../app/store.ts";
import { Code } from "../parts/code.tsx";

/** The page of a store without spans. It turns into the list with the first span. */
export function Empty(): JSX.Element {
  const { name = "", otlp_url: otlp = null } = store.value ?? {};
  return (
    <main id="main">
      <div class="teach">
        <div class="listen">
          <span class={`live ${liveState.value === "live" ? "" : "off"}`}>
            <span class="dot" aria-hidden="true" />
            {otlp === null ? "Watching" : "Listening"}
          </span>
          <code>{otlp === null ? name : `${otlp}/v1/traces`}</code>
          <span class="mute">{otlp === null ? "" : `OTLP over HTTP, protobuf or JSON, into ${name}`}</span>
        </div>
        <h1>No traces yet</h1>
        <p class="lead soft">The list comes here with the first span. Nothing leaves this computer.</p>
        <ol class="ways">
          <li>
            <h2>Your agent, with Tracelight</h2>
            <p>Spans go into the file that this page reads.</p>
            <Code text={OWN(name)} />
          </li>
          {otlp !== null && (
            <li>
              <h2>Any app that speaks OpenTelemetry</h2>
              <p>In any language: point its exporter here.</p>
              <Code
                text={`export OTEL_EXPORTER_OTLP_ENDPOINT=${otlp}\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`}
              />
            </li>
          )}
          <li>
            <h2>An example</h2>
            <p>A span from the command line, to see it come in.</p>
            <Code text={otlp === null ? `npx tracelight import spans.jsonl ${name}` : CURL(otlp)} />
          </li>
        </ol>
      </div>
    </main>
  );
}

function OWN(name: string): string {
  return `import { SqliteTracer } from "tracelight/sqlite";

const tracer = new SqliteTracer({ path: ${JSON.stringify(name)} });
await tracer.trace("hello", async (span) => {
  span.addAttribute("ai.trace.type", "converse");
});
await tracer.close();`;
}

function CURL(otlp: string): string {
  const [traceId, spanId] = ["5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"];
  const now = `"'$(date +%s)'000000000"`;
  return `curl -s ${otlp}/v1/traces -H 'content-type: application/json' -d '{"resourceSpans":[{"scopeSpans":[{"spans":[
  {"traceId":"${traceId}","spanId":"${spanId}","name":"hello",
   "startTimeUnixNano":${now},"endTimeUnixNano":${now}}]}]}]}'`;
}
