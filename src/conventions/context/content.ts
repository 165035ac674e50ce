// What a model was given in a call, as pieces that are known again: the same content is the same piece in every call that has it.
import { createHash } from "node:crypto";
import { canonicalJson } from "../../model/values.ts";
import type { Message, MessagePart, OfferedTool, ToolResultPart } from "../messages.ts";
import { oneLineOf } from "../title.ts";
import { weightOfParts, weightOfValue } from "./weights.ts";

/** Of what kind a piece of a prompt is. */
export type PieceKind = "tool" | "system" | "message" | "result";

/** A piece of a prompt: a tool that was offered, the system prompt, a message, or one tool's result in a message. */
export interface Piece {
  readonly kind: PieceKind;
  /** Who says it; `tool` for results and for tools that are offered. */
  readonly role: string;
  /** Tokens, estimated from its length alone. */
  readonly weight: number;
  /** The tool's name: of a tool that is offered, or whose result it is. */
  readonly name: string | undefined;
  /** Of a result, the call that it answers. */
  readonly callId: string | undefined;
  /** The tools that a message asks for. */
  readonly calls: readonly string[];
  /** Its first words, as one line of at most 200 characters; looked for when they are asked for. */
  readonly glance: string | undefined;
  /** True for what is left of messages that were left out to make room. */
  readonly isCompaction: boolean;
  /** What it is made of. */
  readonly content: PieceContent;
}

/** What a piece is made of. */
export type PieceContent = OfferedTool | string | readonly MessagePart[];

/** Gives the same piece for the same content, however often it is recorded. */
export class Pieces {
  readonly #byKey = new Map<string, Piece>();
  /** The names of tools by their calls: results often have the id alone. */
  readonly #toolNames = new Map<string, string>();

  /** The piece of a tool that is offered. */
  tool(tool: OfferedTool): Piece {
    return this.#known("tool", "tool", tool, () => ({
      name: tool.name,
      weight: weightOfValue(tool),
    }));
  }

  /** The piece of a system prompt. */
  system(text: string): Piece {
    return this.#known("system", "system", text, () => ({ weight: weightOfValue(text) }));
  }

  /** The pieces of a message: each result by itself, and what is between them. */
  message({ role, parts }: Message): readonly Piece[] {
    return grouped(parts).map((group) => {
      const [first] = group;
      return first?.type === "tool-result" ? this.#result(first) : this.#said(role, group);
    });
  }

  #result(part: ToolResultPart): Piece {
    const name = part.name ?? (part.id === undefined ? undefined : this.#toolNames.get(part.id));
    return this.#known("result", "tool", [part], () => ({
      ...{ name, callId: part.id },
      weight: weightOfParts([part]),
    }));
  }

  #said(role: string, parts: readonly MessagePart[]): Piece {
    const calls = parts.flatMap((part) => (part.type === "tool-call" ? [part] : []));
    for (const { id, name } of calls)
      if (id !== undefined && name !== undefined) this.#toolNames.set(id, name);
    return this.#known("message", role, parts, () => ({
      calls: calls.flatMap(({ name }) => (name === undefined ? [] : [name])),
      weight: weightOfParts(parts),
      isCompaction: parts.some(({ type }) => type === "compaction"),
    }));
  }

  #known(kind: PieceKind, role: string, content: PieceContent, told: () => Told): Piece {
    const key = keyOf(kind, role, content);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const piece = new KnownPiece({ kind, role, content }, told());
    this.#byKey.set(key, piece);
    return piece;
  }
}

/** What is worked out of a piece when it is met first. */
interface Told
  extends Pick<Piece, "weight">,
    Partial<Pick<Piece, "name" | "callId" | "calls" | "isCompaction">> {}

class KnownPiece implements Piece {
  readonly kind: PieceKind;
  readonly role: string;
  readonly content: PieceContent;
  readonly weight: number;
  readonly name: string | undefined;
  readonly callId: string | undefined;
  readonly calls: readonly string[];
  readonly isCompaction: boolean;

  constructor({ kind, role, content }: Pick<Piece, "kind" | "role" | "content">, told: Told) {
    this.kind = kind;
    this.role = role;
    this.content = content;
    this.weight = told.weight;
    this.name = told.name;
    this.callId = told.callId;
    this.calls = told.calls ?? [];
    this.isCompaction = told.isCompaction === true;
  }

  get glance(): string | undefined {
    const { content } = this;
    if (typeof content === "string") return oneLineOf(content);
    if ("name" in content) return oneLineOf(content.description);
    const [first] = content;
    return oneLineOf(first?.type === "tool-result" ? textOfValue(first.result) : wordsOf(content));
  }
}

/** Tells contents apart. Words are their own key, which takes a tenth of the time; what is long is known by its hash. */
function keyOf(kind: PieceKind, role: string, content: PieceContent): string {
  const key = `${kind} ${JSON.stringify(role)} ${wordsAlone(content) ?? canonicalJson(content)}`;
  return key.length <= MAX_KEY ? key : createHash("sha256").update(key).digest("base64");
}

const MAX_KEY = 4096;

/** The words of a message that has nothing else. */
function wordsAlone(content: PieceContent): string | undefined {
  const [only] = Array.isArray(content) ? content : [];
  return Array.isArray(content) && content.length === 1 && only?.type === "text"
    ? `"${only.text}`
    : undefined;
}

/** Results by themselves, and the parts between them together; a message that says nothing has one group without parts. */
function grouped(parts: readonly MessagePart[]): (readonly MessagePart[])[] {
  const groups: MessagePart[][] = [];
  let open: MessagePart[] | undefined;
  for (const part of parts) {
    if (part.type !== "tool-result" && open !== undefined) {
      open.push(part);
      continue;
    }
    const group = [part];
    groups.push(group);
    open = part.type === "tool-result" ? undefined : group;
  }
  return groups.length === 0 ? [[]] : groups;
}

/** The texts of what was said; where there is none, of what was thought. */
function wordsOf(parts: readonly MessagePart[]): unknown {
  const texts = parts.filter(({ type }) => type === "text" || type === "compaction");
  return texts.length > 0 ? texts : parts.filter(({ type }) => type === "reasoning");
}

function textOfValue(value: unknown): string {
  return typeof value === "string" ? value : canonicalJson(value ?? "");
}

/** A piece as text, as it is compared by words. Media stands there as its kind and its address. */
export function textOfPiece({ content }: Piece): string {
  if (typeof content === "string") return content;
  if ("name" in content) return toolText(content);
  return content.map(textOfPart).join("\n");
}

function toolText({ name, description, schema }: OfferedTool): string {
  const lines = [name, description, schema === undefined ? undefined : laidOut(schema)];
  return lines.filter((line) => line !== undefined).join("\n");
}

function textOfPart(part: MessagePart): string {
  switch (part.type) {
    case "text":
    case "reasoning":
      return part.text;
    case "compaction":
      return part.text ?? "";
    case "tool-call":
      return `${part.name ?? "tool"} ${laidOut(part.arguments)}`;
    case "tool-result":
      return laidOut(part.result);
    case "image":
    case "file":
      return mediaText(part);
    case "other":
      return laidOut(part.value);
  }
}

function mediaText(part: Extract<MessagePart, { type: "image" | "file" }>): string {
  const place = part.url ?? part.fileId ?? part.name;
  const data = place === undefined && part.data !== undefined ? digest(part.data) : undefined;
  return `[${[part.mediaType ?? part.type, place ?? data].filter((text) => text !== undefined).join(" ")}]`;
}

/** Tells one image from another. */
function digest(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex").slice(0, 12);
}

function laidOut(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined ? "" : JSON.stringify(JSON.parse(canonicalJson(value)), undefined, 1);
}
