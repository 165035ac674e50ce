// A page that was exported: what the API would answer lies in the file, as packed pieces that are unpacked when they are looked at.
import {
  type ComparedCallsJson,
  comparedInFile,
  type ProblemJson,
  type ValueJson,
} from "../../src/viewer/api.ts";
import { jsonOf } from "../app/answers.ts";
import { LayingOut, type LayoutAnswer, type LayoutRequest } from "../trace/laying-out.ts";
import { Pieces } from "./pieces.ts";

export const isExported: boolean = true;

/** Leads nowhere: nothing is ever asked for there. */
export const BASE: string = "http://exported.invalid/";

const pieces = new Pieces((id) => document.getElementById(id)?.textContent ?? undefined);

/** Answers as the server did when the page was made. */
export async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  const { pathname, searchParams: given } = new URL(url);
  init.signal?.throwIfAborted();
  const path = pathname.slice(1);
  if (path.endsWith("/value")) return valueAnswer(given);
  if (path.endsWith("/compare")) return comparisonAnswer(given);
  const json = await pieces.answer(path);
  if (json === undefined) return notHere();
  if (path.endsWith("/glances")) return Response.json(someOf(json, given));
  return Response.json(path.endsWith("/context") ? await openedIn(json, path, given) : json);
}

/** Where a large value is, its stub says. */
async function valueAnswer(given: URLSearchParams): Promise<Response> {
  const path = given.get("path") ?? "";
  const json = await pieces.value(path);
  if (json === undefined) return notHere();
  const text = typeof json === "string" ? json : JSON.stringify(json, undefined, 2);
  const offset = Number(given.get("offset") ?? 0);
  const end = Math.min(text.length, offset + Number(given.get("length") ?? text.length));
  const next = end < text.length ? end : null;
  const type = typeof json === "string" ? "text" : "json";
  return Response.json({
    ...{ path, type, size: text.length, offset, text: text.slice(offset, end), next },
  } satisfies ValueJson);
}

/** The calls lie under the path of the lens, each opened by itself. */
async function openedIn(lens: unknown, path: string, given: URLSearchParams): Promise<object> {
  const call = given.get("call");
  const opened = call === null ? undefined : await pieces.answer(`${path}/${call}`);
  return { ...(typeof lens === "object" ? lens : {}), opened: opened ?? null };
}

/** All that there are lie under one path. */
function someOf(all: unknown, given: URLSearchParams): object {
  const wanted = new Set(given.get("spans")?.split(","));
  const { glances = {} } = typeof all === "object" && all !== null && "glances" in all ? all : {};
  return { glances: Object.fromEntries(Object.entries(glances ?? {}).filter(([id]) => wanted.has(id))) };
}

/** Of a call and the one before it, whichever of them is the first here. */
async function comparisonAnswer(given: URLSearchParams): Promise<Response> {
  const [a, b] = [callIn(given.get("a")), callIn(given.get("b"))];
  if (a !== undefined && b !== undefined) {
    const found = await pieces.answer(comparedInFile(a, b));
    if (found !== undefined) return Response.json(found);
    const other = await pieces.answer(comparedInFile(b, a));
    if (isCalls(other)) return Response.json(turned(other));
  }
  return notHere("This file has comparisons of each call with the one before it, and no others.");
}

function callIn(subject: string | null): { readonly trace_id: string; readonly span_id: string } | undefined {
  const [, trace, span] = /^([0-9a-f]{32})\/([0-9a-f]{16})$/.exec(subject ?? "") ?? [];
  return trace === undefined || span === undefined ? undefined : { trace_id: trace, span_id: span };
}

function isCalls(json: unknown): json is ComparedCallsJson {
  return typeof json === "object" && json !== null && Reflect.get(json, "kind") === "calls";
}

function turned({ kind, a, b, rows }: ComparedCallsJson): ComparedCallsJson {
  const side = { a: "b", b: "a", both: "both" } as const;
  const state = { only_a: "only_b", only_b: "only_a", same: "same", changed: "changed" } as const;
  const turnedRows = rows.map((row) => ({
    ...{ ...row, state: state[row.state], a: row.b, b: row.a },
    words: row.words?.map((word) => ({ ...word, in: side[word.in] })) ?? null,
  }));
  return { kind, a: b, b: a, rows: turnedRows };
}

function notHere(detail: string = "This file has one conversation or trace, and nothing else."): Response {
  const problem: ProblemJson = {
    ...{ title: "Not in this file", status: 404, code: "NOT_FOUND" },
    detail,
  };
  return Response.json(problem, { status: 404 });
}

/** The file was made then: what ran goes no further. */
export function now(): number {
  return Date.parse(metaOf("made")) || Date.now();
}

/** An image that lies in the file. */
export async function imageOf(url: string): Promise<string> {
  const path = new URL(url).searchParams.get("path") ?? "";
  const image = await pieces.value(path);
  return typeof image === "string" ? image : "";
}

const file = new URL(document.URL);
file.hash = "";
/** What the file is about. */
const home = metaOf("start");
let shown = new URL(home, BASE);

/** Places are behind the `#`; all else there is a place within the page. */
export function pageUrl(href: string): URL | undefined {
  const url = new URL(href);
  const { hash } = url;
  url.hash = "";
  if (url.href !== file.href) return undefined;
  if (hash.startsWith("#/")) shown = new URL(hash.slice(1), BASE);
  if (hash === "" || shown.pathname === "/") shown = new URL(home, BASE);
  return new URL(shown);
}

/** The address of a place. */
export function hrefOf(url: URL): string {
  return `${file.href}#${url.pathname}${url.search}`;
}

function metaOf(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="tracelight-${name}"]`)?.content ?? "";
}

/** Lays traces out in the page itself: a file has no other thread. */
export function layoutPort() {
  const heard = new Set<(event: MessageEvent<LayoutAnswer>) => void>();
  const laying = new LayingOut(
    async (url) => jsonOf(await ask(url)),
    (data) => {
      for (const one of heard) one(new MessageEvent("message", { data }));
    },
  );
  return {
    postMessage: (request: LayoutRequest): void => laying.take(request),
    addEventListener: (_: "message", one: (event: MessageEvent<LayoutAnswer>) => void): void =>
      void heard.add(one),
    terminate: (): void => heard.clear(),
  };
}
