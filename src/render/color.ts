// The terminal's colours, passed in as a painter so that the same text can go without.

/** The colours that Tracelight uses, by their ANSI codes (the bright ones). */
const CODES = { blue: 94, cyan: 96, green: 92, grey: 90, magenta: 95, red: 91, yellow: 93 } as const;

/** A colour's name. */
export type Color = keyof typeof CODES;

/** Puts text in a colour, or leaves it. */
export type Paint = (color: Color, text: string) => string;

/** Paints for a terminal. */
export const inColor: Paint = (color, text) => `\u001b[${CODES[color]}m${text}\u001b[0m`;
/** Paints nothing. */
export const plain: Paint = (_color, text) => text;
/** Paints everything in the one colour. */
export const allIn =
  (only: Color): Paint =>
  (_color, text) =>
    inColor(only, text);
