// Nothing has come yet: where the page listens, three ways to send a first trace, and an example.
import type { JSX } from "preact";
import { liveState } from "../app/live.ts";
import { urlOf } from "../app/location.ts";
import { store } from "../app/store.ts";
import { Code } from "../parts/code.tsx";

/** The page of a store without spans, with what its reader should know. It turns into the list with the first span. */
export function Empty({ notes }: { readonly notes: readonly string[] }): JSX.Element {
  const { name = "", kind = "", otlp_url: otlp = null } = store.value ?? {};
  const isLive = liveState.value === "live";
  return (
    <main id="main">
      <div class="teach">
        <div class="listen">
          {isLive && <span class="dot" aria-hidden="true" />}
          <span>
            {otlp === null ? "Watching" : "Listening on"} <code>{otlp ?? name}</code>
          </span>
          <span class="mute">
            nothing has come yet
            {isLive && "; the list appears by itself with the first span"}
          </span>
        </div>
        {notes.map((note) => (
          <p key={note} role="status">
            {note}
          </p>
        ))}
        <h1>Send a first trace</h1>
        <p class="lead soft">Any of these will do. Leave this page open; nothing leaves this computer.</p>
        <ol class="ways">
          {otlp !== null && <OpenTelemetry otlp={otlp} />}
          <Own name={name} kind={kind} otlp={otlp} />
          <li>
            <h2>Traces that you have already</h2>
            <p>Records, log lines or OTLP/JSON; an SQLite file; a DynamoDB table.</p>
            <Code text={"npx tracelight view app.jsonl\nnpx tracelight view dynamodb:Traces"} />
          </li>
        </ol>
        <p class="or">
          <a class="btn solid" href={urlOf("example/")}>
            Look at an example
          </a>
          <span class="soft">43 conversations of a travel agent, in memory; your store is not touched</span>
        </p>
        {otlp !== null && (
          <section class="example">
            <h2>A span from the command line</h2>
            <p>To see it come in.</p>
            <Code text={CURL(otlp)} />
          </section>
        )}
      </div>
    </main>
  );
}

function OpenTelemetry({ otlp }: { readonly otlp: string }): JSX.Element {
  const isUsual = otlp.endsWith(":4318");
  return (
    <li>
      <h2>An app that speaks OpenTelemetry, in any language</h2>
      <p>
        {isUsual
          ? "4318 is where its exporters look already. If yours is set up otherwise:"
          : "Say where its exporter sends:"}
      </p>
      <Code
        text={`export OTEL_EXPORTER_OTLP_ENDPOINT=${otlp}\nexport OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\nnode agent.js`}
      />
    </li>
  );
}

/** Into the file itself where there is one, else to where the page listens. */
function Own(props: {
  readonly name: string;
  readonly kind: string;
  readonly otlp: string | null;
}): JSX.Element | null {
  const { name, kind, otlp } = props;
  if (kind !== "sqlite" && otlp === null) return null;
  const isFile = kind === "sqlite";
  return (
    <li>
      <h2>TypeScript, with Tracelight</h2>
      <p>{isFile ? "Into the file that this page reads." : "To where this page listens."}</p>
      <Code text={`npm install tracelight${isFile ? " libsql" : ""}`} />
      <Code
        text={
          isFile
            ? OWN("sqlite", "SqliteTracer", `path: ${JSON.stringify(name)}`)
            : OWN("otlp", "OtlpTracer", `url: "${otlp}/v1/traces"`)
        }
      />
    </li>
  );
}

function OWN(path: string, tracer: string, options: string): string {
  return `import { ${tracer} } from "tracelight/${path}";

const tracer = new ${tracer}({ ${options} });
await tracer.trace("converse", async (turn) => {
  turn.addAttribute("ai.conversation.id", 42, { inheritable: true });
  turn.addAttribute("ai.user.input", "Is it sunny?");
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
