// What logging systems put around a line: times, names and levels before it, the cells of a table, JSON of their own.
import { isObject } from "../../model/record-reader.ts";

/** A line has at most so many prefixes, one within the other. */
const MAX_PREFIXES = 6;

/**
 * What may stand before the JSON of a line. Only what a logging system writes: a text of the app's own that happens to
 * end with JSON, such as the words of a model, is no log line.
 */
const PREFIXES: readonly RegExp[] = [
  // Lambda's text format, `aws logs tail`, an export to S3, docker logs -t, kubectl logs --timestamps, Python's logging.
  /^\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?[ \t]+/,
  // The stream of a log group, after its time: of Lambda, ECS, EKS, and the CloudWatch agent.
  /^(?:[^\s"{}/]{1,256}\/[^\s"{}]{1,512}|i-[0-9a-f]{8,17})[ \t]+/,
  // Lambda's request id and level.
  /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|undefined)\t/,
  /^(?:\[(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\]|TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)[ \t]+/,
  // docker compose logs
  /^[\w.-]{1,256} {1,256}\| ?/,
  // kubectl logs --prefix
  /^\[pod\/[^\s\]]{1,512}\] /,
  // journald and syslog
  /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,256} [^\s:[]{1,256}(?:\[\d{1,10}\])?: /,
];

/** The text of a line without what a logging system put around it. */
export function bareText(text: string): string {
  if (text.startsWith("{")) return text;
  if (text.startsWith("EVENTS\t")) return text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
  return cellOf(withoutPrefixes(text));
}

function withoutPrefixes(text: string): string {
  let rest = text;
  for (let i = 0; i < MAX_PREFIXES; i++) {
    const prefix = PREFIXES.map((pattern) => pattern.exec(rest)?.[0]).find((found) => found !== undefined);
    if (prefix === undefined) break;
    rest = rest.slice(prefix.length);
  }
  return rest;
}

/** The JSON in a cell of a CSV row, as CloudWatch's console saves it: in quotes, which are doubled within. */
function cellOf(text: string): string {
  const [before = ""] = /^(?:[^",{]{0,512},){0,20}"(?=\{"")/.exec(text) ?? [];
  if (before === "") return text;
  return text.slice(before.length, endOfCell(text, before.length)).replaceAll('""', '"');
}

/** The line may end before the cell does: the app's line end is in it. */
function endOfCell(text: string, from: number): number {
  let quote = text.indexOf('"', from);
  while (quote >= 0 && text[quote + 1] === '"') quote = text.indexOf('"', quote + 2);
  return quote < 0 ? text.length : quote;
}

/** Under these names systems keep the app's line, as text or as JSON. */
const LINE_KEYS = ["message", "log", "@message", "MESSAGE", "record", "textPayload", "jsonPayload", "body"];
/** Under these, lists of lines. */
const LIST_KEYS = ["events", "logEvents", "results", "hits"];

/** What an object holds besides itself: the app's lines, as text or as JSON; empty where it is no envelope. */
export function contentsOf(json: object): readonly unknown[] {
  if (Array.isArray(json)) return json;
  // Insights gives each row as pairs.
  if (Reflect.get(json, "field") === "@message") return [Reflect.get(json, "value")];
  const lists = LIST_KEYS.map((key) => Reflect.get(json, key)).filter(Array.isArray);
  const lines = LINE_KEYS.map((key) => Reflect.get(json, key)).filter(isContent);
  return [...lists, ...lines];
}

function isContent(value: unknown): value is string | object {
  return typeof value === "string" || isObject(value);
}
