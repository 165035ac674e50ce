// Requests that grow: a conversation is sent again with each call, and what was sent before is neither parsed, copied nor looked through again.
import { parseJsonText } from "../../conventions/json-text.ts";
import { isAnObject } from "../../conventions/values.ts";
import { asCaptured } from "../../model/captured.ts";
import { historyOf } from "../../model/history.ts";
import { MANY_KEYS } from "../../model/many-keys.ts";
import { setOwn } from "../../model/own-property.ts";
import type { Asked, Dialect, Fields } from "../dialects/dialect.ts";
import { fields, isFields } from "../dialects/values.ts";
import { withoutKeys, withoutSignatures } from "../secrets.ts";

/** Whose requests these are, by how they are read. */
type Reads = Pick<Dialect, "asked">;

/** A request that was sent: the text up to the end of its messages, and from there on. */
interface Sent {
  readonly dialect: Reads;
  readonly path: string;
  readonly before: string;
  /** How that ends. */
  readonly tail: string;
  readonly after: string;
  readonly asked: Asked;
  /** Its messages are the first of these: who goes on with it adds to them. */
  readonly items: unknown[];
  readonly length: number;
}

/**
 * What requests ask, as a span of this copy of the package holds it: frozen, and without what gives access. Parts that come again are the same
 * objects, and the messages of a conversation one list that grows.
 */
export class Bodies {
  /** The latest first. */
  #sent: Sent[] = [];

  /** Undefined where the text asks no model. Throws a SyntaxError where it is no JSON. */
  asked(text: string, dialect: Reads, path: string): Asked | undefined {
    const sent = this.#sent.find((one) => one.dialect === dialect && one.path === path && goesOn(text, one));
    const grown = sent && grownBy(sent, text);
    if (grown === undefined) return this.#parsed(text, dialect, path);
    this.#keep(grown, sent);
    return grown.asked;
  }

  #parsed(text: string, dialect: Reads, path: string): Asked | undefined {
    const body: unknown = JSON.parse(text);
    if (!isFields(body)) return undefined;
    const asked = dialect.asked(body, path);
    const owned = asked === undefined || text.length > MAX_CHARS ? undefined : ownedOf(asked);
    if (owned === undefined) return asked;
    const key = Object.keys(body).find((name) => body[name] === asked?.messages) ?? "";
    const after = seamIn(text, body, key);
    if (after === undefined) return owned.asked;
    const before = text.slice(0, text.length - after.length);
    this.#keep({ dialect, path, ...upTo(before), after, ...owned });
    return owned.asked;
  }

  /** The least recent go: what is kept is bounded. */
  #keep(sent: Sent, instead?: Sent): void {
    let room = MAX_KEPT_CHARS;
    const others = this.#sent.filter((one) => one !== instead).slice(0, MAX_KEPT - 1);
    this.#sent = [sent, ...others].filter(({ before, after }) => {
      room -= before.length + after.length;
      return room >= 0;
    });
  }
}

/** True where a text is one that was sent, with more messages. Others differ at the end of that before they do elsewhere. */
function goesOn(text: string, { before, tail, after }: Sent): boolean {
  return (
    before.length + after.length <= text.length &&
    text.startsWith(tail, before.length - tail.length) &&
    // To compare whole texts takes a tenth of what `startsWith` takes.
    text.slice(text.length - after.length) === after &&
    text.slice(0, before.length) === before
  );
}

function upTo(before: string): Pick<Sent, "before" | "tail"> {
  return { before, tail: before.slice(-LOOK) };
}

/** Between the items of a list and its end, text that is items is further ones. */
function grownBy(sent: Sent, text: string): Sent | undefined {
  const before = text.slice(0, text.length - sent.after.length);
  const more = before.slice(sent.before.length);
  if (more === "") return sent;
  // A list may have ended in it, and another have begun that ends in the same way.
  const added = more.startsWith(",") ? ownedList(parseJsonText(`[${more.slice(1)}]`)) : undefined;
  if (added === undefined || text.length > MAX_CHARS) return undefined;
  // Another request may have gone on with it, too.
  const items = sent.items.length === sent.length ? sent.items : sent.items.slice(0, sent.length);
  for (const one of added) items.push(one);
  return { ...sent, ...upTo(before), ...listed(sent.asked, items) };
}

function listed(asked: Asked, items: unknown[]): Pick<Sent, "asked" | "items" | "length"> {
  return { asked: { ...asked, messages: historyOf(items) }, items, length: items.length };
}

/**
 * The text from the end of a list's items on, where the text is as `JSON.stringify` writes it up to the list and behind it; undefined
 * where it is not, or the list is empty.
 */
function seamIn(text: string, body: Fields, key: string): string | undefined {
  const names = Object.keys(body);
  const at = names.indexOf(key);
  const list = body[key];
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const [first, last] = [names.slice(0, at), names.slice(at + 1)].map((some) =>
    JSON.stringify(part(body, some)),
  );
  const before = `${first?.slice(0, -1)}${at > 0 ? "," : ""}${JSON.stringify(key)}:[`;
  const after = at < names.length - 1 ? `],${last?.slice(1)}` : "]}";
  return text.startsWith(before) && text.endsWith(after) ? after : undefined;
}

function part(body: Fields, names: readonly string[]): Fields {
  const some: Fields = {};
  for (const name of names) setOwn(some, name, body[name]);
  return some;
}

/** What was parsed for a span alone needs no copy: it is frozen. Undefined where it is beyond what is frozen so. */
function ownedOf(asked: Asked): Pick<Sent, "asked" | "items" | "length"> | undefined {
  const messages = ownedList(asked.messages);
  const system = withoutSignatures(asked.system);
  const [tools, config] = [asked.tools, asked.config].map((one) => fields(withoutKeys(one)));
  if (messages === undefined || ![system, tools, config].every((one) => freeze(one, 0))) return undefined;
  for (const one of [system, tools, config]) if (isAnObject(one)) asCaptured(one);
  return listed({ ...asked, system, tools, config, isOwned: true }, [...messages]);
}

/** What was parsed of messages, frozen and as a capture would leave it; undefined where it is no list, or beyond what is frozen so. */
export function ownedList(given: unknown): readonly unknown[] | undefined {
  const items = withoutSignatures(given);
  return Array.isArray(items) && items.every((one) => freeze(one, 0)) ? items : undefined;
}

function freeze(value: unknown, level: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (level > MAX_LEVELS) return false;
  const parts: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  if (!Array.isArray(value) && parts.length >= MANY_KEYS) return false;
  for (const one of parts) if (!freeze(one, level + 1)) return false;
  Object.freeze(value);
  return true;
}

/** Of requests: so many that go on are known, of so many characters together. */
const MAX_KEPT = 16;
const MAX_KEPT_CHARS = 2 ** 22;
/** One of more is copied, within the bounds of a capture. */
const MAX_CHARS = 2 ** 20;
const MAX_LEVELS = 100;
const LOOK = 40;
