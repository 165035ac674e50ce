// A secret in each field of a span, in each vocabulary, live and ended: it is in nothing that a sink writes, sends or keeps, in no export,
// in no answer of the page, and in no warning.
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ScanCommand } from "@aws-sdk/client-dynamodb";
import {
  HumanReadableTracer,
  InMemoryTracer,
  IterableTracer,
  StructuredLogsTracer,
  TeeTracer,
  type Tracer,
  type TracerOptions,
} from "tracelight";
import { DynamoDbTracer, ensureTable } from "tracelight/dynamodb";
import { OtlpTracer } from "tracelight/otlp";
import { redact } from "tracelight/redact";
import { SqliteTracer } from "tracelight/sqlite";
import { createViewer } from "tracelight/viewer";
import { describe, expect, it, onTestFinished } from "vitest";
import { capture } from "../../src/model/capture.ts";
import type { SpanFields } from "../../src/model/span-fields.ts";
import { redactedStore } from "../../src/redact/store.ts";
import { openSqliteFile } from "../../src/sqlite/file.ts";
import { spanFrom } from "../../src/tracing/span.ts";
import { OUTLET } from "../../src/tracing/tracer.ts";
import { folder, tracelight, useFolder } from "../cli/command.ts";
import { recordings } from "../conventions/vocabularies.ts";
import { client, dynamoDb, useEmulator } from "../dynamodb/emulator.ts";

useFolder();
useEmulator();

const SECRET = "ada.lovelace@example.org";
/** What it may be found by, as it is and as JSON, URLs and Base64 have it. */
const FORMS = [
  "lovelace",
  [..."lovelace"].join("\u200b"),
  ...["lovelace", "ovelace", "velace"].map((part) => Buffer.from(part).toString("base64").slice(0, 8)),
];
const LISTED = ["ai.conversation.id", "gen_ai.conversation.id", "session.id"];

/** The value with the secret at the end of each text, in JSON too; what a vocabulary looks for stays. */
function planted(value: unknown): unknown {
  if (typeof value === "string") return plantedText(value);
  if (Array.isArray(value)) return value.map(planted);
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array)
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, isWord(key) ? inner : planted(inner)]),
  );
}

/** Roles, types and ids say what the rest is. */
function isWord(key: string): boolean {
  return /(?:^|[._])(?:role|type|kind|id|name|operation|system|reason)$/.test(key) && !LISTED.includes(key);
}

function plantedText(text: string): string {
  if (/^[[{]/.test(text)) {
    try {
      return JSON.stringify(planted(JSON.parse(text)));
    } catch {
      // It only begins so.
    }
  }
  return `${text} ${SECRET}`;
}

function properties(value: unknown): Record<string, unknown> {
  const captured = capture(value);
  return typeof captured === "object" && captured !== null
    ? Object.fromEntries(Object.entries(captured))
    : {};
}

/** A recorded span with the secret in each of its fields. */
function everyField(span: SpanFields, at: number): SpanFields {
  return {
    ...span,
    traceId: (at + 1).toString(16).padStart(32, "0"),
    spanName: `${span.spanName} ${SECRET}`,
    statusMessage: `failed for ${SECRET}`,
    traceState: `vendor=${SECRET}`,
    attributes: properties({ ...properties(planted(span.attributes)), [`name ${SECRET}`]: true }),
    resourceAttributes: properties({ "service.name": `agent of ${SECRET}` }),
    scope: { name: `scope ${SECRET}`, version: SECRET },
    events: [
      {
        name: `event ${SECRET}`,
        at: new Date(),
        attributes: properties({ "exception.message": SECRET, deep: [{ by: SECRET }] }),
      },
    ],
    links: [
      {
        traceId: "1".repeat(32),
        spanId: "2".repeat(16),
        traceState: `a=${SECRET}`,
        attributes: properties({ why: SECRET }),
      },
    ],
    otlp: {
      flags: 1,
      resource: { schemaUrl: `https://example.org/${SECRET}`, attributes: properties({ host: SECRET }) },
      scope: { schemaUrl: `https://example.org/?a=${SECRET}`, attributes: properties({ scope: SECRET }) },
    },
  };
}

const spans = recordings.flatMap(({ spans: all }) => all).map(everyField);

/** Live spans of a program's own, and spans of elsewhere. */
function write(tracer: Tracer): void {
  const work = () =>
    tracer.trace(`work for ${SECRET}`, { spanKind: "CLIENT" }, (span) => {
      tracer.setContext({ resourceAttributes: { "service.name": `agent of ${SECRET}` } });
      span.addAttributes({
        map: new Map([[SECRET, SECRET]]),
        set: new Set([SECRET]),
        bytes: new TextEncoder().encode(`bytes of ${SECRET}`),
        url: new URL(`https://example.org/?mail=${SECRET}`),
        large: `${"word ".repeat(80_000)} ${SECRET}`,
        query: `to=${encodeURIComponent(SECRET)}`,
        base64: Buffer.from(JSON.stringify({ to: SECRET })).toString("base64"),
        hidden: [...SECRET].join("\u200b"),
        [`name ${encodeURIComponent(SECRET)}`]: true,
      });
      span.addAttribute("ai.conversation.id", `talk of ${SECRET}`, { inheritable: true });
      span.emitSnapshot();
      throw new Error(`failed for ${SECRET}`, { cause: new TypeError(SECRET) });
    });
  expect(work).toThrow(SECRET);
  for (const span of spans) tracer[OUTLET].accept(spanFrom(span));
}

function clean(text: string, least: number): void {
  for (const form of FORMS) {
    const at = text.indexOf(form);
    expect(at < 0 ? "" : text.slice(at - 80, at + 40)).toBe("");
  }
  expect(text.split("[EMAIL]").length - 1).toBeGreaterThanOrEqual(least);
}

/** A tracer, and all that came of it once it is closed. */
interface Sink {
  readonly tracer: Tracer;
  readonly output: () => string | Promise<string>;
}

type Make = (options: TracerOptions) => Sink | Promise<Sink>;

const sinks: Readonly<Record<string, Make>> = {
  memory: (options) => {
    const tracer = new InMemoryTracer(options);
    return { tracer, output: () => shown(tracer.getTraces()) };
  },
  terminal: (options) => written((stream) => new HumanReadableTracer({ ...options, stream, maxLength: 1e6 })),
  "JSON logs": (options) => written((stream) => new StructuredLogsTracer({ ...options, stream })),
  views: (options) => {
    const tracer = new IterableTracer(options);
    const seen: unknown[] = [];
    const reading = (async () => {
      for await (const span of tracer) seen.push(span);
    })();
    return { tracer, output: () => reading.then(() => shown(seen)) };
  },
  SQLite: (options) => {
    const path = join(folder, "sink.db");
    const output = async () => {
      await tracelight(["search", "agent", path]);
      const file = await openSqliteFile(path);
      const found = shown(await file.find());
      await file.close();
      return found + readFileSync(path, "latin1");
    };
    // Recordings are old: nothing is to be removed for its age.
    return { tracer: new SqliteTracer({ ...options, path, retention: false }), output };
  },
  DynamoDB: async (options) => {
    const table = { tableName: "Redacted", endpoint: dynamoDb.endpoint };
    await ensureTable(table);
    const tracer = new DynamoDbTracer({ ...options, ...table });
    const output = async () => {
      const { Items = [] } = await client.send(new ScanCommand({ TableName: "Redacted" }));
      const reader = new DynamoDbTracer({ ...table });
      return shown(Items) + shown(await reader.getTraces()) + shown(await reader.close());
    };
    return { tracer, output };
  },
  OTLP: async (options) => {
    const bodies: string[] = [];
    const url = await receiver((body) => bodies.push(body));
    const tracer = new OtlpTracer({ ...options, url, encoding: "json" });
    return { tracer, output: () => bodies.join("\n") };
  },
  "the journal's files": async (options) => {
    const journal = join(folder, "journal");
    const files: string[] = [];
    // When it is asked to take them, they are in the journal still.
    const url = await receiver(() => files.push(...textsIn(journal)));
    return { tracer: new OtlpTracer({ ...options, url, journal }), output: () => files.join("\n") };
  },
  tee: (options) => {
    const member = new InMemoryTracer();
    return { tracer: new TeeTracer(options).addTracer(member), output: () => shown(member.getTraces()) };
  },
};

function textsIn(path: string): readonly string[] {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), "latin1"));
}

function written(make: (stream: { write(text: string): boolean }) => Tracer): Sink {
  const texts: string[] = [];
  return { tracer: make({ write: (text) => texts.push(text) > 0 }), output: () => texts.join("") };
}

/** All there is in a value: maps, sets and bytes as well. */
function shown(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (inner instanceof Map) return [...inner];
    if (inner instanceof Set) return [...inner];
    return inner instanceof Uint8Array ? Buffer.from(inner).toString("latin1") : inner;
  });
}

async function receiver(take: (body: string) => void): Promise<string> {
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const body = Buffer.concat(chunks);
    take((request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString());
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

describe("nothing of it is in what a sink keeps, writes or sends, nor in what it warns of:", () => {
  it.each(Object.entries(sinks))("%s", async (_, make) => {
    const faults: string[] = [];
    const onError = (error: Error) => void faults.push(`${error.message} ${error.stack}`);
    const { tracer, output } = await make({ process: redact(), onError });
    write(tracer);
    await tracer.close();
    tracer.startSpan(`late for ${SECRET}`).end();
    clean((await output()) + faults.join("\n"), spans.length);
  });
});

let made: Promise<string> | undefined;

/** A file with all of it, as a program without a redaction leaves it. */
async function unredacted(): Promise<string> {
  made ??= (async () => {
    const path = join(folder, "unredacted.db");
    const tracer = new SqliteTracer({ path, retention: false });
    write(tracer);
    await tracer.close();
    return path;
  })();
  return made;
}

/** What a page of HTML carries is packed, in pieces. */
function unpacked(html: string): string {
  const pieces = [...html.matchAll(/H4sI[\w+/=]+/g)].map(([base64]) =>
    gunzipSync(Buffer.from(base64, "base64")),
  );
  return `${html} ${pieces.join(" ")}`;
}

const FIRST = "0".repeat(31) + "1";

describe("nothing of it is in an export with --redact:", () => {
  it.each<[string, readonly string[], number]>([
    ["records", [], spans.length],
    ["log lines", ["--log-lines"], spans.length],
    ["OTLP", ["--otlp"], spans.length],
    ["OTLP in other words", ["--translate", "gen_ai"], spans.length],
    ["Markdown", ["--markdown", FIRST], 0],
    ["ATIF", ["--atif", FIRST], 1],
    ["HTML", ["--html", FIRST], 1],
  ])("%s", async (_, options, least) => {
    const { code, stdout, stderr } = await tracelight(["export", await unredacted(), ...options, "--redact"]);
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    clean(unpacked(stdout) + stderr, least);
  });
});

const PATHS = [
  ...[
    "store",
    "rows?by=trace",
    "rows?by=conversation",
    "overview",
    "numbers",
    "waste",
    "export",
    "export?as=otlp",
  ],
  ...["search?q=agent", "complete?text=", `complete?text=${encodeURIComponent("ai.")}`],
  ...["", "/calls", "/context"].map((rest) => `traces/${FIRST}${rest}`),
];

describe("nothing of it is on the page of view --redact:", () => {
  const viewer = async () => {
    const file = await openSqliteFile(await unredacted());
    onTestFinished(() => file.close());
    return createViewer(redactedStore(file, {}));
  };
  const ask = (path: string) => new Request(`http://localhost/api/${path}`);

  it.each(PATHS)("api/%s", async (path) => {
    const answer = await (await viewer())(ask(path));
    const text = await answer.text();
    expect(answer.status, text.slice(0, 300)).toBe(200);
    clean(text, 0);
  });

  it("each span, its values and its conversation", async () => {
    const handle = await viewer();
    const file = redactedStore(await openSqliteFile(await unredacted()), {});
    onTestFinished(() => file.close());
    let said = "";
    for (const { traceId, spanId, attributes } of await file.find()) {
      said += await (await handle(ask(`traces/${traceId}/spans/${spanId}`))).text();
      const id = attributes["ai.conversation.id"];
      if (typeof id === "string")
        said += await (await handle(ask(`conversations/${encodeURIComponent(id)}`))).text();
    }
    clean(said, spans.length);
  });

  it("server-sent events", async () => {
    const path = join(folder, "live.db");
    const tracer = new SqliteTracer({ path });
    tracer.startSpan(`before for ${SECRET}`);
    await tracer.flush();
    const file = await openSqliteFile(path);
    onTestFinished(async () => {
      await tracer.close();
      await file.close();
    });
    const response = await createViewer(redactedStore(file, {}))(ask("live"));
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("event: spans") && !text.includes("[EMAIL]"))
      text += (await reader?.read())?.value ?? expect.fail();
    await reader?.cancel();
    clean(text, 1);
  });

  it("nor does an answer say that it is there", async () => {
    const file = await openSqliteFile(await unredacted());
    onTestFinished(() => file.close());
    const store = redactedStore(file, {});
    expect((await store.search(SECRET)).spans).toEqual([]);
    expect(
      await store.find({
        where: `attributes contains "lovelace"`.replace("attributes contains", `name contains`),
      }),
    ).toEqual([]);
    expect(await store.find({ conversation: `talk of ${SECRET}` })).toEqual([]);
    expect(await store.idsByPrefix("talk of ada")).toEqual([]);
    expect((await store.idsByPrefix("talk of [")).length).toBe(1);
    expect(
      (
        await store.summaries({
          by: "conversation",
          attributeFilter: { url: `https://example.org/?mail=${SECRET}` },
        })
      ).rows,
    ).toEqual([]);
    expect((await store.find({ conversation: "talk of [EMAIL]" })).length).toBe(1);
    expect((await store.tally({ spanName: "work for [EMAIL]" })).total.spans).toBe(1);
  });
});
