// What differs between two texts, by words. What both have is cut where it is long: the difference is what is looked for.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { WordPieceJson } from "../../src/viewer/api.ts";
import { count } from "../app/figures.ts";
import { onOneLine } from "./laid-out.ts";

/** The side of a text that is shown. */
export type Side = "a" | "b";

/** The words of one side, or of both where none is named, with what the other does not have marked. */
export function Words(props: { readonly words: readonly WordPieceJson[]; readonly side: Side | undefined }) {
  const { words, side } = props;
  return (
    <>
      {words.map((piece, i) =>
        piece.in === "both" ? (
          piece.text
        ) : side !== undefined && piece.in !== side ? null : piece.in === "a" ? (
          <del key={i}>{piece.text}</del>
        ) : (
          <ins key={i}>{piece.text}</ins>
        ),
      )}
    </>
  );
}

/** One text below the other, near what differs. */
export function Difference({ words }: { readonly words: readonly WordPieceJson[] }): JSX.Element {
  const isWhole = useSignal(false);
  const sides = useMemo(() => [onOneLine(words, "a"), onOneLine(words, "b")], [words]);
  const near = sides.map(nearby);
  const [a = [], b = []] = isWhole.value ? sides : near;
  const left = Math.max(...sides.map((side, i) => lengthOf(side) - lengthOf(near[i] ?? side)));
  return (
    <>
      <div class="wd">
        <span class="del">
          <span aria-hidden="true">−</span>
          <span class="vh">before</span>
        </span>
        <div class="pre">
          <Words words={a} side="a" />
        </div>
        <span class="add">
          <span aria-hidden="true">+</span>
          <span class="vh">after</span>
        </span>
        <div class="pre">
          <Words words={b} side="b" />
        </div>
      </div>
      {left > 0 && (
        <button
          type="button"
          class="morel"
          onClick={() => {
            isWhole.value = !isWhole.value;
          }}
        >
          {isWhole.value ? "Less" : `${count(left)} more characters`}
        </button>
      )}
    </>
  );
}

/** Characters of what both have that stay before, between and behind what differs; and of what one has alone. */
const BESIDE = 60;
const MOST_OWN = 240;
const MOST_PIECES = 40;

/** The pieces, each cut to what is near a difference. */
export function nearby(words: readonly WordPieceJson[]): WordPieceJson[] {
  const from = words.findIndex((piece) => piece.in !== "both");
  const start = Math.max(0, from - 1);
  const some = words.slice(start, start + MOST_PIECES);
  return some.map((piece, i) => {
    if (piece.in !== "both") return { ...piece, text: cutBehind(piece.text, MOST_OWN) };
    const isFirst = i === 0;
    const isLast = start + i === words.length - 1;
    return {
      ...piece,
      text: isFirst ? cutBefore(piece.text) : isLast ? cutBehind(piece.text, BESIDE) : cutWithin(piece.text),
    };
  });
}

function cutBehind(text: string, most: number): string {
  return text.length <= most + 1 ? text : `${text.slice(0, most)}…`;
}

function cutBefore(text: string): string {
  return text.length <= BESIDE + 1 ? text : `…${text.slice(-BESIDE)}`;
}

function cutWithin(text: string): string {
  return text.length <= 2 * BESIDE + 1 ? text : `${text.slice(0, BESIDE)}…${text.slice(-BESIDE)}`;
}

function lengthOf(words: readonly WordPieceJson[]): number {
  return words.reduce((sum, { text }) => sum + text.length, 0);
}
