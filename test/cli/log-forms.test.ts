// The forms in which people get log lines: from Lambda, CloudWatch, Docker, Kubernetes, and laid out by other tools.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { encodeRecord } from "../../src/model/record.ts";
import { spanFields } from "../model/arbitraries.ts";
import { jsonOf, tracelight, useFolder } from "./command.ts";
import { logLines, recordLines, SPANS } from "./spans.ts";

useFolder();

const PYTHON = readFileSync(
  fileURLToPath(new URL("../fixtures/python-toolkit/structured-logs.jsonl", import.meta.url)),
  "utf8",
);
const OURS = logLines(SPANS.filter(({ state }) => state === "ended"));
/** With quotes, braces and line ends in its text, of more than two parts of Docker's. */
const LONG = logLines([
  spanFields({ attributes: { "ai.user.input": 'Say "{}[],:\\n"\n'.repeat(2000) }, startedAtMicros: 1e15 }),
]);
const LINES = (PYTHON + OURS + LONG).trimEnd().split("\n");

const TIME = "2026-11-22T10:36:03.657994Z";
const STREAM = "2026/11/22/[$LATEST]9c1f1b2a3d4e5f60718293a4b5c6d7e8";
const REQUEST = "8f6e1c52-3b1f-4c58-9f55-0d6a1f0b8d11";

const each = (form: (line: string) => string): string => LINES.map((line) => `${form(line)}\n`).join("");
const pretty = (json: unknown, indent: number | string = 2): string => JSON.stringify(json, null, indent);
const parts = (line: string): string[] => line.match(/.{1,16384}/gs) ?? [];
const csv = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const lambdaJson = (line: string): object => ({
  timestamp: TIME,
  level: "INFO",
  requestId: REQUEST,
  message: line,
});
const event = (message: string, i: number): object => ({
  logStreamName: STREAM,
  timestamp: 1795343763657 + i,
  message: `${message}\n`,
  ingestionTime: 1795343765000,
  eventId: String(i),
});

/** Integers that no double holds stay as they are in all of these. */
const FORMS: readonly (readonly [name: string, text: string])[] = [
  ["Lambda's text format of Node", each((line) => `${TIME}\t${REQUEST}\tINFO\t${line}`)],
  ["Lambda's text format before the first request", each((line) => `${TIME}\tundefined\tINFO\t${line}`)],
  ["Lambda's text format of Python", each((line) => `[INFO]\t${TIME}\t${REQUEST}\t${line}`)],
  ["Lambda's JSON format", each((line) => JSON.stringify(lambdaJson(line)))],
  [
    "Lambda's JSON format of an object",
    each((line) => `{"timestamp":"${TIME}","level":"INFO","message":${line}}`),
  ],
  [
    "Lambda's telemetry API",
    pretty(LINES.map((line) => ({ time: TIME, type: "function", record: lambdaJson(line) }))),
  ],
  ["aws logs tail", each((line) => `2026-11-22T10:36:03.657000+00:00 ${STREAM} ${line}`)],
  [
    "aws logs tail of Lambda's text",
    each((line) => `2026-11-22T10:36:03.657000+00:00 ${STREAM} ${TIME}\t${REQUEST}\tINFO\t${line}`),
  ],
  ["aws logs tail --format short", each((line) => `2026-11-22T10:36:03 ${line}`)],
  ["aws logs tail of ECS", each((line) => `2026-11-22T10:36:03.657000+00:00 app/web/0f3c9a ${line}`)],
  ["aws logs filter-log-events", pretty({ events: LINES.map(event), searchedLogStreams: [] }, 4)],
  ["aws logs filter-log-events on one line", JSON.stringify({ events: LINES.map(event) })],
  [
    "aws logs get-log-events of Lambda's JSON",
    pretty({ events: LINES.map((line, i) => event(JSON.stringify(lambdaJson(line)), i)) }, 4),
  ],
  [
    "aws logs filter-log-events --output text",
    LINES.map((line, i) => `EVENTS\t${i}\t1795343765000\t${STREAM}\t${line}\n\t1795343763657\n`).join(""),
  ],
  [
    "aws logs get-query-results",
    pretty({
      results: LINES.map((line) => [
        { field: "@timestamp", value: "2026-11-22 10:36:03.657" },
        { field: "@message", value: `${line}\n` },
        { field: "@ptr", value: "CpMBClgKKTk" },
      ]),
      statistics: { recordsMatched: 3 },
      status: "Complete",
    }),
  ],
  [
    "Insights, saved as JSON",
    pretty(LINES.map((line) => ({ "@timestamp": "2026-11-22", "@message": line }))),
  ],
  [
    "Insights, saved as CSV",
    `@timestamp,@message\n${LINES.map((line) => `2026-11-22 10:36:03.657,${csv(`${line}\n`)}\n`).join("")}`,
  ],
  ["CloudWatch's export to S3", each((line) => `2026-11-22T10:36:03.657Z ${line}`)],
  [
    "a subscription of CloudWatch, joined by Firehose",
    LINES.map((line, i) =>
      JSON.stringify({ messageType: "DATA_MESSAGE", logEvents: [{ id: String(i), message: line }] }),
    ).join(""),
  ],
  [
    "Docker's files",
    LINES.flatMap((line) =>
      parts(`${line}\n`).map((log) => `${JSON.stringify({ log, stream: "stdout", time: TIME })}\n`),
    ).join(""),
  ],
  ["docker logs -t", each((line) => `2026-11-22T10:36:03.657994413Z ${line}`)],
  ["docker compose logs", each((line) => `agent-1      | ${line}`)],
  [
    "CRI",
    LINES.flatMap((line) =>
      parts(line).flatMap((part, i, all) => [
        `2026-11-22T10:36:03.657994413+01:00 stdout ${i === all.length - 1 ? "F" : "P"} ${part}\n`,
        "2026-11-22T10:36:03.657994413+01:00 stderr F a warning\n",
      ]),
    ).join(""),
  ],
  ["kubectl logs --prefix --timestamps", each((line) => `[pod/agent-7d4b9/agent] ${TIME} ${line}`)],
  ["journald", each((line) => `Nov 22 10:36:03 host1 agent[123]: ${line}`)],
  ["journald as JSON", each((line) => JSON.stringify({ __CURSOR: "s=1", MESSAGE: line, PRIORITY: "6" }))],
  ["Google Cloud", pretty(LINES.map((line) => ({ insertId: "1", jsonPayload: JSON.parse(exact(line)) })))],
  ["an array on one line", `[${LINES.join(",")}]`],
  ["an array of one item a line", `[\n${LINES.join(",\n")}\n]\n`],
  ["an array, pretty-printed", pretty(LINES.map((line) => JSON.parse(exact(line))))],
  ["objects, pretty-printed", LINES.map((line) => `${pretty(JSON.parse(exact(line)))}\n`).join("")],
  [
    "objects, pretty-printed with tabs",
    LINES.map((line) => pretty(JSON.parse(exact(line)), "\t")).join("\n"),
  ],
  ["lines of Windows, with a mark", `\ufeff${LINES.join("\r\n")}\r\n`],
];

/** What `JSON.parse` would not keep. */
function exact(line: string): string {
  return line.replaceAll("12345678901234567890", '{"__bigint__":"12345678901234567890"}');
}

async function exported(input: string): Promise<{ records: string[]; stderr: string }> {
  const outcome = await tracelight(["export", "-"], { input });
  return { records: jsonOf(outcome).map((record) => JSON.stringify(record)), stderr: outcome.stderr };
}

let plain: Awaited<ReturnType<typeof exported>>;

beforeAll(async () => {
  plain = await exported(each((line) => line));
});

describe("log lines are read as they come from", () => {
  test("a file of them", () => {
    const { records, stderr } = plain;
    expect(records).toHaveLength(LINES.length);
    expect(stderr).toBe("");
    expect(records.join("")).toContain('{"__bigint__":"12345678901234567890"}');
  });

  test.concurrent.each(FORMS)("%s", async (_name, text) => {
    expect(await exported(text)).toEqual(plain);
  });

  test.concurrent("a log that has other lines too, which are nobody's loss", async () => {
    const others = [
      "START RequestId: 8f6e1c52 Version: $LATEST",
      `${TIME}\t${REQUEST}\tINFO\tHello`,
      `${TIME} {"level":"info","trace_id":"0af7651916cd43dd8448eb211c80319c","msg":"correlated"}`,
      "{ no JSON, but what the app printed }",
      `{"level":"info","message":"{ not JSON either"}`,
    ];
    const { records, stderr } = await exported(
      LINES.flatMap((line) => [...others, `${TIME}\t${REQUEST}\tINFO\t${line}`]).join("\n"),
    );
    expect(records).toEqual(plain.records);
    expect(stderr).toContain(`: ${LINES.length} of ${LINES.length * 6} lines could not be read`);
  });
});

describe("what looks like a log line and is none", () => {
  const [line = ""] = LINES;

  test.concurrent.each([
    ["words before it", `The model said: ${line}\n`],
    ["words after a time", `${TIME} answer ${line}\n`],
    ["words within JSON", `${JSON.stringify({ level: "info", message: `The answer is ${line}` })}\n`],
    ["another key", `${JSON.stringify({ level: "info", prompt: line })}\n`],
  ])("%s", async (_name, text) => {
    const { records } = await exported(text);
    expect(records).toEqual([]);
  });
});

describe("numbers", () => {
  const trace = (attributes: string): string =>
    `{"logger":"TraceLogger","trace":{"span_name":"a","trace_id":"${"a".repeat(32)}","span_id":"${"b".repeat(16)}","started_at":"2026-11-22T10:36:03.657928+00:00","attributes":${attributes}}}\n`;

  test("of Python are exact, and what it calls NaN and Infinity is kept", async () => {
    const attributes =
      '{"big":-12345678901234567890,"nan":NaN,"low":[-Infinity],"text":"NaN 1234567890123456789"}';
    const [record] = jsonOf(await tracelight(["export", "-"], { input: trace(attributes) }));
    expect(record?.["attributes"]).toEqual({
      big: { __bigint__: "-12345678901234567890" },
      nan: { __number__: "NaN" },
      low: [{ __number__: "-Infinity" }],
      text: "NaN 1234567890123456789",
    });
  });

  test("of our own records are doubles", async () => {
    const input = recordLines([spanFields({ attributes: { large: 1e20, text: "NaN" } })]);
    const [record] = jsonOf(await tracelight(["export", "-"], { input }));
    expect(record?.["attributes"]).toEqual({ large: 1e20, text: "NaN" });
  });

  test("are exact beside a text of millions of escapes", async () => {
    const text = JSON.stringify('"\\'.repeat(3_000_000));
    const { stdout, stderr } = await tracelight(["ls", "--json", "-"], {
      input: trace(`{"big":12345678901234567890,"ai.user.input":"short","text":${text}}`),
    });
    expect({ rows: stdout.trim().split("\n").length, stderr }).toEqual({ rows: 1, stderr: "" });
  });
});

describe("JSON that is laid out and cut", () => {
  const records = SPANS.filter(({ state }) => state === "ended").map(encodeRecord);

  test("tells the item that is lost, and has the others", async () => {
    const text = pretty(records);
    const outcome = await tracelight(["export", "-"], { input: text.slice(0, -100) });
    expect(jsonOf(outcome)).toHaveLength(records.length - 1);
    expect(outcome.stderr).toContain("The JSON that begins here is cut short, broken or too large.");
  });

  test("does not take along the lines that follow", async () => {
    const [first = "", ...others] = recordLines(SPANS.filter(({ state }) => state === "ended")).split("\n");
    const cut = [first.slice(0, 40), "[1,", '{"a":[', '{"span_name":', "["].join("\n");
    const outcome = await tracelight(["export", "-"], { input: `${cut}\n${others.join("\n")}` });
    expect(jsonOf(outcome)).toHaveLength(records.length - 1);
    expect(outcome.stderr).toContain("2 of 7 lines could not be read and were left out (lines 1, 2).");
  });
});
