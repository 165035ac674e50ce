// Markdown as elements: the tokens of a lexer, each made into one of a few elements. No HTML of the text is ever used, no image is
// loaded, and a link goes to the web or nowhere.
import { useSignal } from "@preact/signals";
import type { Token, Tokens } from "marked";
import type { ComponentChildren, JSX } from "preact";
import { useMemo } from "preact/hooks";
import { count } from "../app/figures.ts";
import { tokensOf } from "./tokens.ts";
import { Text } from "./value.tsx";

/** Longer texts are shown as they are. */
const MOST_CHARACTERS = 40_000;
const MOST_DEPTH = 20;
/** Of longer ones the beginning is shown, until more is asked for. */
const SHOWN_CHARACTERS = 4000;

/** A text as Markdown. */
export function Markdown({ text }: { readonly text: string }): JSX.Element {
  const isWhole = useSignal(text.length <= SHOWN_CHARACTERS);
  const shown = isWhole.value ? text : text.slice(0, endOfLine(text));
  const tokens = useMemo(() => (text.length > MOST_CHARACTERS ? [] : tokensOf(shown)), [shown]);
  if (text.length > MOST_CHARACTERS) return <Text text={text} />;
  return (
    <div class="say">
      {blocks(tokens, 0)}
      {shown.length < text.length && (
        <button
          type="button"
          class="morel"
          onClick={() => {
            isWhole.value = true;
          }}
        >
          {count(text.length - shown.length)} more characters
        </button>
      )}
    </div>
  );
}

/** A text is cut behind a line, where there is one near. */
function endOfLine(text: string): number {
  const end = text.lastIndexOf("\n", SHOWN_CHARACTERS) + 1;
  return end > SHOWN_CHARACTERS * 0.75 ? end : SHOWN_CHARACTERS;
}

function blocks(tokens: readonly Token[], depth: number): ComponentChildren[] {
  return tokens.map((token, i) => <Block key={i} token={token} depth={depth} />);
}

function Block({ token, depth }: { readonly token: Token; readonly depth: number }): JSX.Element | null {
  if (depth > MOST_DEPTH) return <p>{token.raw}</p>;
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading":
      return <p class="hd">{inlines(token.tokens, token.text, depth)}</p>;
    case "code":
      return <pre class="md">{textOf(token)}</pre>;
    case "blockquote":
      return <blockquote>{blocks(token.tokens ?? [], depth + 1)}</blockquote>;
    case "hr":
      return <hr />;
    case "list":
      return isList(token) ? <List token={token} depth={depth} /> : null;
    case "table":
      return isTable(token) ? <Table token={token} depth={depth} /> : null;
    case "paragraph":
    case "text":
      return <p>{inlines("tokens" in token ? token.tokens : undefined, textOf(token), depth)}</p>;
    default:
      // HTML, and whatever else there may be, is shown as it was written.
      return <p class="pre">{token.raw.trimEnd()}</p>;
  }
}

function List({ token, depth }: { readonly token: Tokens.List; readonly depth: number }) {
  const items = token.items.map((item, i) => (
    <li key={i}>
      {item.task && (item.checked ? "☑ " : "☐ ")}
      {item.tokens.map((one, at) =>
        one.type === "text" ? (
          <span key={at}>{inlines("tokens" in one ? one.tokens : undefined, textOf(one), depth + 1)}</span>
        ) : (
          <Block key={at} token={one} depth={depth + 1} />
        ),
      )}
    </li>
  ));
  if (!token.ordered) return <ul>{items}</ul>;
  return <ol start={typeof token.start === "number" ? token.start : 1}>{items}</ol>;
}

function Table({ token, depth }: { readonly token: Tokens.Table; readonly depth: number }) {
  const cells = (row: readonly Tokens.TableCell[]): ComponentChildren[] =>
    row.map((cell, i) => (
      <td key={i} class={cell.align === "right" ? "num" : ""}>
        {inlines(cell.tokens, cell.text, depth + 1)}
      </td>
    ));
  return (
    <div class="wide">
      <table class="md">
        <thead>
          <tr>
            {token.header.map((cell, i) =>
              cell.text === "" ? (
                <td key={i} />
              ) : (
                <th key={i} scope="col">
                  {inlines(cell.tokens, cell.text, depth + 1)}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {token.rows.map((row, i) => (
            <tr key={i}>{cells(row)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inlines(tokens: readonly Token[] | undefined, text: string, depth: number): ComponentChildren {
  if (tokens === undefined || depth > MOST_DEPTH) return text;
  return tokens.map((token, i) => <Inline key={i} token={token} depth={depth + 1} />);
}

function Inline({ token, depth }: { readonly token: Token; readonly depth: number }): JSX.Element {
  const within = (): ComponentChildren =>
    inlines("tokens" in token ? token.tokens : undefined, textOf(token), depth);
  switch (token.type) {
    case "strong":
      return <strong>{within()}</strong>;
    case "em":
      return <em>{within()}</em>;
    case "del":
      return <s>{within()}</s>;
    case "codespan":
      return <code>{textOf(token)}</code>;
    case "br":
      return <br />;
    case "link":
      return <Link href={token.href}>{within()}</Link>;
    case "image":
      return <Link href={token.href}>{textOf(token) || "image"}</Link>;
    case "text":
    case "escape":
      return <>{"tokens" in token && token.tokens !== undefined ? within() : textOf(token)}</>;
    default:
      return <>{token.raw}</>;
  }
}

/** A link of somebody's text: to the web, in a tab of its own, telling nobody where it was found. */
function Link({
  href,
  children,
}: {
  readonly href: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  const url = URL.canParse(href) ? new URL(href) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    return (
      <>
        {children} <span class="mute">({href})</span>
      </>
    );
  }
  return (
    <a class="link" href={url.href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

function textOf(token: Token): string {
  return "text" in token && typeof token.text === "string" ? unescaped(token.text) : token.raw;
}

/** The lexer writes a few characters as HTML has them. */
function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => ENTITIES[name] ?? "");
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

function isList(token: Token): token is Tokens.List {
  return token.type === "list" && "items" in token && Array.isArray(token.items);
}

function isTable(token: Token): token is Tokens.Table {
  return token.type === "table" && "rows" in token && Array.isArray(token.rows);
}
