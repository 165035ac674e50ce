// The shapes of kinds, states and buttons, on a field of 12 by 12: data, made into elements by `Glyph`.

/** One shape of a glyph: an element and its attributes. */
export type Shape = readonly [
  element: "path" | "rect" | "circle",
  attributes: Readonly<Record<string, string | number>>,
];

const path = (d: string): Shape => ["path", { d }];
const stroke = (d: string, width = 1.4): Shape => [
  "path",
  {
    ...{ d, fill: "none", stroke: "currentColor", "stroke-width": width },
    ...{ "stroke-linecap": "round", "stroke-linejoin": "round" },
  },
];
const ring = (cx: number, cy: number, r: number, width: number): Shape => [
  "circle",
  { cx, cy, r, fill: "none", stroke: "currentColor", "stroke-width": width },
];
const sheet = (x: number, y: number): Shape => [
  "rect",
  { x, y, width: 6.6, height: 6.6, rx: 1.2, fill: "none", stroke: "currentColor", "stroke-width": 1.2 },
];

/** Kinds of work: shape first, colour second. */
export const KINDS = {
  turn: [path("M1.5 2.5h9v6H6.2L3.7 10.8V8.5H1.5z")],
  agent: [path("M6 .8 10.6 3.4v5.2L6 11.2 1.4 8.6V3.4z")],
  model: [path("M6 .6 11.4 6 6 11.4.6 6z")],
  tool: [["rect", { x: 1.6, y: 1.6, width: 8.8, height: 8.8, rx: 1.2 }]],
  retrieval: [path("M6 1 11.3 10.6H.7z")],
  cycle: [ring(6, 6, 3.7, 1.6)],
  other: [["circle", { cx: 6, cy: 6, r: 2.9 }]],
  user: [["circle", { cx: 6, cy: 3.6, r: 2.6 }], path("M1.2 11c.3-2.7 2.2-4 4.800-4s4.500 1.300 4.800 4z")],
} as const satisfies Readonly<Record<string, readonly Shape[]>>;

/** States and buttons. */
export const ICONS = {
  error: [stroke("M2.5 2.5l7 7M9.5 2.5l-7 7", 1.8)],
  interrupted: [stroke("M4 2v8M8 2v8", 2)],
  running: [["circle", { cx: 6, cy: 6, r: 3 }]],
  check: [stroke("M2 6.4l2.8 2.8L10 3.4", 1.6)],
  chev: [stroke("M4.2 2.5 7.8 6 4.2 9.5", 1.5)],
  down: [stroke("M2.5 4.2 6 7.8 9.5 4.2", 1.5)],
  up: [stroke("M2.5 7.8 6 4.2 9.5 7.8", 1.5)],
  left: [stroke("M7.8 2.5 4.2 6l3.6 3.5", 1.5)],
  search: [ring(5, 5, 3.4, 1.4), stroke("M7.6 7.6 10.6 10.6")],
  filter: [stroke("M1.2 2.8h9.6M3 6h6M4.8 9.2h2.4")],
  copy: [sheet(4, 4), stroke("M2.6 8H2.200c-.5 0-.8-.4-.8-.8v-5c0-.5.3-.8.8-.8h5c.4 0 .8.3.8.8v.4", 1.2)],
  theme: [ring(6, 6, 4.4, 1.3), path("M6 1.6a4.4 4.4 0 0 1 0 8.8z")],
  swap: [stroke("M1.5 4h8M7.5 1.8 9.8 4 7.5 6.2M10.5 8h-8M4.5 5.8 2.2 8l2.3 2.2", 1.2)],
  close: [stroke("M3 3l6 6M9 3l-6 6")],
  out: [stroke("M4.5 2H2v8h8V7.5M6.5 1.8h3.7v3.7M10 2 5.4 6.6", 1.2)],
  break: [path("M6.8.8 3.2 6.4h2.6L5 11.2l3.8-5.9H6.1z")],
  more: [2, 6, 10].map((cx): Shape => ["circle", { cx, cy: 6, r: 1.1 }]),
  eq: [stroke("M2 4.5h8M2 7.5h8", 1.5)],
  tilde: [stroke("M1.800 7.200c1.400-2.600 2.800-2.600 4.200-1.200s2.800 1.400 4.200-1.200", 1.5)],
  plus: [stroke("M6 2v8M2 6h8", 1.6)],
  minus: [stroke("M2 6h8", 1.6)],
} as const satisfies Readonly<Record<string, readonly Shape[]>>;

/** The name of a kind's glyph. */
export type KindGlyph = keyof typeof KINDS;
/** The name of a button's or state's glyph. */
export type IconName = keyof typeof ICONS;
