// The terminal's colours, passed in as a painter so that the same text can go without.

/** The colours that Tracelight uses, by their ANSI codes (the bright ones). */
const CODES = { blue: 94, cyan: 96, green: 92, grey: 90, magenta: 95, red: 91, yellow: 93 } as const;

/** A colour's name. */
export type Color = keyof typeof CODES;

/** Puts text in a colour, or leaves it. */
export type Paint = (color: Color, text: string) => string;

/** The variables that say whether there are colours. */
interface ColorEnvironment {
  readonly [name: string]: string | undefined;
}

/**
 * Whether a stream gets colours unless told: FORCE_COLOR wins (0 and false are off), then NO_COLOR, then whether it is a terminal,
 * and not a dumb one. See force-color.org and no-color.org.
 */
export function wantsColor(
  env: ColorEnvironment,
  { isTTY }: { readonly isTTY?: boolean | undefined },
): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: terminal } = variables(env);
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  if (no !== undefined && no !== "") return false;
  return isTTY === true && terminal !== "dumb";
}

/** None where the program has no right to them, as in Deno without `--allow-env`. */
function variables(env: ColorEnvironment): ColorEnvironment {
  try {
    const { FORCE_COLOR, NO_COLOR, TERM } = env;
    return { FORCE_COLOR, NO_COLOR, TERM };
  } catch {
    return {};
  }
}

/** Paints for a terminal. */
export const inColor: Paint = (color, text) => `\u001b[${CODES[color]}m${text}\u001b[0m`;
/** Paints nothing. */
export const plain: Paint = (_color, text) => text;
/** Paints everything in the one colour. */
export const allIn =
  (only: Color): Paint =>
  (_color, text) =>
    inColor(only, text);
