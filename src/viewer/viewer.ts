// The viewer as a handler of Request and Response: the page, its API, and the OTLP receiver, for any server.
import { type Context, Hono } from "hono";
import { defined } from "../model/defined.ts";
import { checkOptions } from "../model/options.ts";
import { clearTimeout, setTimeout } from "../model/timers.ts";
import { otlpReceiver } from "../otlp/receiver.ts";
import { type HasReader, readable, type StoreReader } from "../tracing/readable.ts";
import type { ReadableStore } from "../tracing/store.ts";
import { jsonAnswer } from "./answers.ts";
import { Asked } from "./asked.ts";
import { compare } from "./compare.ts";
import { complete } from "./complete.ts";
import { conversationLens, traceLens, why } from "./context.ts";
import { conversation } from "./conversation.ts";
import { Counting } from "./counting.ts";
import { exampleStore } from "./example.ts";
import { exportSpans } from "./export.ts";
import { search } from "./found.ts";
import { glances } from "./glances.ts";
import { Guard, SAFETY_HEADERS } from "./guard.ts";
import { Live } from "./live.ts";
import { numbers } from "./numbers.ts";
import { isWritable, VIEWER_CHECKS, type ViewerOptions } from "./options.ts";
import { overview } from "./overview.ts";
import { Pages } from "./pages.ts";
import { notFound, PROBLEMS, Problem, problemOf, problemResponse } from "./problems.ts";
import { rows } from "./rows.ts";
import { scopedTo } from "./scope.ts";
import { Session } from "./session.ts";
import { placeWithin, signInPage, signInStyle } from "./sign-in.ts";
import { media, span, value } from "./span.ts";
import { store } from "./store.ts";
import { turnTalk } from "./talk.ts";
import { calls, trace } from "./trace.ts";
import { waste } from "./waste.ts";

/**
 * The page and its API over a store, as a handler for any server that speaks `Request` and `Response`. It never rejects. Spans are taken
 * at `v1/traces` below its path where the store can be written to.
 *
 * @throws TracelightError `INVALID_OPTION`
 */
export function createViewer(
  viewed: ReadableStore | HasReader,
  options: ViewerOptions = {},
): (request: Request) => Promise<Response> {
  checkOptions(options, { owner: "createViewer", checks: VIEWER_CHECKS, secret: ["token"] });
  const viewer = new Viewer(viewed, options);
  return (request) => viewer.handle(request);
}

/** Makes the JSON of an answer. */
type Answer = (asked: Asked) => Promise<object>;

class Viewer {
  readonly #options: ViewerOptions;
  readonly #reader: StoreReader;
  readonly #mount: string;
  readonly #session: Session | undefined;
  readonly #guard: Guard;
  readonly #receive: ((request: Request) => Promise<Response>) | undefined;
  readonly #timeoutMs: number;
  readonly #counting: Counting;
  readonly #live: Live;
  readonly #app: Hono = new Hono();
  #pages: Pages | undefined;
  #example: Viewer | undefined;

  constructor(viewed: ReadableStore | HasReader, options: ViewerOptions, isExample: boolean = false) {
    const { path = "/", hosts = [], token, principal, timeoutMs = 30_000 } = options;
    // Who sees only what is theirs brings in nothing that is others'.
    const { readOnly = principal !== undefined } = options;
    this.#options = options;
    this.#mount = path.endsWith("/") ? path : `${path}/`;
    const reader = readable(viewed);
    this.#reader = principal === undefined ? reader : scopedTo(principal, reader);
    this.#session = token === undefined ? undefined : new Session(token, this.#mount);
    this.#guard = new Guard({ hosts, session: this.#session });
    this.#timeoutMs = timeoutMs;
    this.#counting = new Counting(this.#reader, Math.min(timeoutMs / 2, MOST_COUNT_MS));
    const { spansTo = viewed } = options;
    const isTaken = !readOnly && isWritable(spansTo);
    this.#receive = isTaken ? otlpReceiver(spansTo, { path: `${this.#mount}v1/traces` }) : undefined;
    const { prices, maxStreams = 100 } = options;
    this.#live = new Live({ reader: this.#reader, prices, maxStreams });
    this.#route(isExample);
  }

  async handle(request: Request): Promise<Response> {
    const response = await Promise.resolve(this.#app.fetch(request)).catch((error: unknown) =>
      problemResponse(problemOf(error)),
    );
    for (const [name, text] of Object.entries(SAFETY_HEADERS)) response.headers.set(name, text);
    return response;
  }

  #route(isExample: boolean): void {
    const at = (path: string): string => this.#mount + path;
    this.#app.onError((error) => problemResponse(problemOf(error)));
    this.#app.all(at("v1/*"), (context) => this.#take(context));
    this.#app.use("*", async ({ req }, next) => {
      this.#guard.admit(req.raw);
      await next();
    });
    this.#app.get(at("sign-in.css"), () => signInStyle());
    this.#app.post(at("sign-in"), ({ req }) => this.#signIn(req.raw));
    this.#app.use("*", async ({ req }, next) =>
      this.#guard.isKnown(req.raw) ? next() : this.#unknown(req.raw),
    );
    for (const [path, answer] of this.#answers()) {
      this.#app.get(at(path), (context) =>
        this.#answer(context, async (asked) => jsonAnswer(await answer(asked), asked.request)),
      );
    }
    this.#app.get(at("api/traces/:trace/spans/:span/media"), (context) => this.#answer(context, media));
    this.#app.get(at("api/export"), (context) =>
      this.#answer(context, (asked) => exportSpans(asked, this.#options.principal)),
    );
    this.#app.get(at("api/live"), ({ req }) => this.#live.open(req.raw));
    if (!isExample) this.#app.all(at("example/*"), ({ req }) => this.#showExample(req.raw));
    this.#app.all(at("api/*"), ({ req }) => {
      throw req.method === "GET"
        ? notFound("There is no such part of the API.")
        : new Problem(PROBLEMS.method, "The API is read by GET.", { headers: { allow: "GET" } });
    });
    this.#app.get("*", ({ req }) => this.#page(req.raw));
    this.#app.notFound(() => problemResponse(notFound("There is nothing here.")));
  }

  #answers(): readonly (readonly [path: string, answer: Answer])[] {
    const { kind, otlpUrl, principal, prices } = this.#options;
    const facts = {
      ...{ kind, otlpUrl, principal, prices },
      isReadOnly: this.#receive === undefined,
      isLive: this.#reader.has("changes"),
    };
    return [
      ["api/store", (asked) => store(asked, facts)],
      ["api/rows", rows],
      ["api/overview", overview],
      ["api/complete", complete],
      ["api/search", search],
      ["api/numbers", numbers],
      ["api/waste", waste],
      ["api/compare", compare],
      ["api/conversations/:key", conversation],
      ["api/conversations/:key/context", conversationLens],
      ["api/conversations/:key/turns/:number", turnTalk],
      ["api/traces/:trace", trace],
      ["api/traces/:trace/calls", calls],
      ["api/traces/:trace/context", traceLens],
      ["api/traces/:trace/glances", glances],
      ["api/traces/:trace/spans/:span", span],
      ["api/traces/:trace/spans/:span/value", value],
      ["api/traces/:trace/spans/:span/why", why],
    ];
  }

  /** Answers within the time; what goes on then is told to end. */
  async #answer({ req }: Context, answer: (asked: Asked) => Promise<Response>): Promise<Response> {
    const stop = new AbortController();
    const setup = {
      ...{ reader: this.#reader, counting: this.#counting },
      ...{ prices: this.#options.prices, signal: stop.signal },
    };
    const late = new Promise<never>((_, reject) => {
      const timer = setTimeout(() => reject(tooSlow(this.#timeoutMs)), this.#timeoutMs).unref();
      stop.signal.addEventListener("abort", () => clearTimeout(timer));
    });
    try {
      return await Promise.race([answer(new Asked(setup, req.raw, req.param())), late]);
    } finally {
      stop.abort();
    }
  }

  /** The page over another store, made when it is first asked for. Who may ask has been seen to. */
  #showExample(request: Request): Promise<Response> {
    const { prices, timeoutMs, maxStreams } = this.#options;
    const options = {
      prices,
      timeoutMs,
      maxStreams,
      path: `${this.#mount}example/`,
      hosts: ["*"],
      kind: EXAMPLE,
    };
    this.#example ??= new Viewer(exampleStore(), { ...options, readOnly: true }, true);
    return this.#example.handle(request);
  }

  async #take({ req: { raw } }: Context): Promise<Response> {
    this.#guard.admitSender(raw);
    if (!this.#guard.isKnown(raw)) throw unauthorized();
    if (this.#receive === undefined)
      throw new Problem(PROBLEMS.forbidden, "The store is only read here: no spans are taken.");
    return this.#receive(raw);
  }

  #unknown(request: Request): Response {
    const { pathname, search } = new URL(request.url);
    const isPage = request.method === "GET" && !pathname.startsWith(`${this.#mount}api/`);
    return isPage
      ? signInPage(this.#mount, { isWrong: false, next: pathname + search })
      : problemResponse(unauthorized());
  }

  async #signIn(request: Request): Promise<Response> {
    const form = new URLSearchParams(await shortText(request));
    const next = placeWithin(form.get("next") ?? "", this.#mount);
    if (this.#session?.accepts(form.get("token") ?? "") === false)
      return signInPage(this.#mount, { isWrong: true, next });
    const cookie = this.#session?.cookie(request.url.startsWith("https:"));
    return new Response(null, {
      status: 303,
      headers: defined({ location: next, "set-cookie": cookie }),
    });
  }

  #page(request: Request): Response {
    this.#pages ??= new Pages(this.#mount);
    const { pathname } = new URL(request.url);
    const isBelow = `${pathname}/`.startsWith(this.#mount);
    const found = isBelow
      ? this.#pages.answer(decoded(pathname.slice(this.#mount.length)), request)
      : undefined;
    if (found === undefined) throw notFound("There is nothing here.");
    return found;
  }
}

function unauthorized(): Problem {
  const headers = { "www-authenticate": "Bearer" };
  return new Problem(
    PROBLEMS.unauthorized,
    "Sign in on the page, or send the token: Authorization: Bearer TOKEN",
    { headers },
  );
}

function tooSlow(ms: number): Problem {
  return new Problem(
    PROBLEMS.timeout,
    `The store did not answer within ${ms} ms; ask for less, such as a shorter time.`,
  );
}

/** A form that is longer is none of ours. */
async function shortText(request: Request): Promise<string> {
  if (Number(request.headers.get("content-length") ?? MAX_FORM + 1) > MAX_FORM)
    throw new Problem(PROBLEMS.tooLarge, "The form is too large.");
  return (await request.text()).slice(0, MAX_FORM);
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const MAX_FORM = 8192;
/** The kind of store by which the page knows the example. */
const EXAMPLE = "example";
/** Then it is said how far a count is. */
const MOST_COUNT_MS = 5000;
