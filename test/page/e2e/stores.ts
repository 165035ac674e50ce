// The kinds of store that the page can show, each with an agent's work, and each with nothing in it yet.
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InMemoryTracer, loadPrices } from "tracelight";
import { ensureTable, startLocalDynamoDb } from "tracelight/dynamodb";
import { serveViewer } from "tracelight/viewer";
import { inject } from "vitest";
import { turn, WEATHER } from "./agent.ts";
import { atEnd, command, folder, travelFile, view } from "./served.ts";

/** A kind of store. */
export interface Kind {
  readonly name: string;
  /** Serves a store of this kind where the agent worked; gives the address of the page. */
  readonly full: () => Promise<string>;
  /** The same with nothing in it; undefined where there is no such thing. */
  readonly empty?: () => Promise<string>;
  /** What is in it. */
  readonly has: Facts;
}

/** What a store has that its pages show. */
interface Facts {
  readonly conversation: string;
  readonly words: string;
  /** What a model was asked. */
  readonly asked: string;
  readonly answer: string;
  readonly model: string;
  /** A word that is to be found. */
  readonly word: string;
}

const TRIP: Facts = {
  conversation: WEATHER.id,
  words: "What is the weather in Amsterdam this weekend",
  asked: "What is the weather in Amsterdam this weekend",
  answer: "light rain",
  model: "sonnet-4-5",
  word: "umbrella",
};

const TOOLKIT: Facts = {
  conversation: "01JZAJ75QJP9K1BFZM8SJRBB1B",
  words: "What is the weather in Amsterdam? And tomorrow?",
  asked: "What is the weather in Amsterdam?",
  answer: "It will be sunny.",
  model: "3-sonnet",
  word: "tomorrow",
};

/** All of them. */
export const KINDS: readonly Kind[] = [
  {
    name: "SQLite",
    full: async () => inject("travel"),
    empty: async () => inject("empty"),
    has: TRIP,
  },
  {
    name: "JSONL",
    full: async () => (await view(travelFile())).url,
    empty: async () => {
      const path = join(folder(), "new.jsonl");
      writeFileSync(path, "");
      return (await view(path)).url;
    },
    has: TRIP,
  },
  {
    name: "memory",
    full: async () => {
      const tracer = new InMemoryTracer();
      turn(tracer, WEATHER);
      return served(tracer);
    },
    empty: () => served(new InMemoryTracer()),
    has: TRIP,
  },
  {
    name: "DynamoDB",
    full: async () => {
      const table = await newTable();
      await command("import", travelFile(), table);
      return (await view(table)).url;
    },
    empty: async () => (await view(await newTable())).url,
    has: TRIP,
  },
  {
    name: "the Python toolkit's file",
    full: async () => {
      const path = join(folder(), "toolkit.db");
      copyFileSync(join(import.meta.dirname, "../../fixtures/traces.sqlite"), path);
      return (await view(path)).url;
    },
    has: TOOLKIT,
  },
];

/** A program's own page. */
export async function served(tracer: InMemoryTracer): Promise<string> {
  const server = await serveViewer(tracer, { port: 0, prices: loadPrices() });
  atEnd(() => server.close());
  return server.url;
}

let dynamoDb: ReturnType<typeof startLocalDynamoDb> | undefined;
let tables = 0;

async function newTable(): Promise<string> {
  const isFirst = dynamoDb === undefined;
  dynamoDb ??= startLocalDynamoDb();
  const { endpoint, close } = await dynamoDb;
  if (isFirst) atEnd(() => close());
  const tableName = `Traces${++tables}`;
  await ensureTable({ tableName, endpoint, region: "us-east-1" });
  return `dynamodb:${tableName}?endpoint=${encodeURIComponent(endpoint)}&region=us-east-1`;
}
