// Rows and columns that fit a terminal: one column gives and takes, others go where there is no room.
import type { Color, Paint } from "../render/color.ts";
import { cutToWidth, displayWidth, padToWidth } from "../render/width.ts";

/** One column of a table. */
export interface Column<T> {
  readonly title: string;
  /** Escaped text of one line. */
  readonly cell: (row: T) => string;
  /** The cell in so many columns, where it is not just to be cut at its end. */
  readonly cut?: (row: T, width: number) => string;
  readonly color?: (row: T) => Color | undefined;
  readonly align?: "left" | "right";
  /** Columns of the terminal at most. */
  readonly max?: number;
  /** Takes the room that the others leave, and gives its own first. */
  readonly flexible?: boolean;
  /** Where there is no room, the column with the lowest number goes first; without one it stays. */
  readonly goes?: number;
}

/** How a table is shown. */
export interface TableOptions {
  readonly width: number;
  readonly paint: Paint;
}

const GAP = "  ";
/** The flexible column is not made narrower while another can go. */
const FLEXIBLE_MIN = 20;
const MIN_WIDTH = 6;

/** A table as lines, the titles first. Columns that say nothing are left out. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], options: TableOptions): string[] {
  const shown = fitting(measured(rows, columns), options.width);
  const titles = shown.map(({ column, width }) =>
    padToWidth(cutToWidth(column.title, width), width, column.align),
  );
  const head = options.paint("grey", titles.join(GAP).trimEnd());
  return [head, ...rows.map((_, at) => lineOf(shown, at, rows, options.paint))];
}

interface Measured<T> {
  readonly column: Column<T>;
  readonly cells: readonly string[];
  readonly width: number;
}

function measured<T>(rows: readonly T[], columns: readonly Column<T>[]): Measured<T>[] {
  return columns.flatMap((column) => {
    const cells = rows.map((row) => column.cell(row));
    if (column.goes !== undefined && cells.every((cell) => cell === "")) return [];
    const widest = cells.reduce(
      (most, cell) => Math.max(most, displayWidth(cell)),
      displayWidth(column.title),
    );
    return [{ column, cells, width: Math.min(widest, column.max ?? widest) }];
  });
}

function fitting<T>(columns: readonly Measured<T>[], width: number): Measured<T>[] {
  const flexible = columns.find(({ column }) => column.flexible);
  const others = columns.filter((one) => one !== flexible);
  const taken = others.reduce((sum, one) => sum + one.width, 0) + GAP.length * (columns.length - 1);
  const left = width - taken;
  const wanted = Math.min(flexible?.width ?? 0, FLEXIBLE_MIN);
  const next = left >= wanted ? undefined : firstToGo(others);
  if (next !== undefined) {
    return fitting(
      columns.filter((one) => one !== next),
      width,
    );
  }
  const sized = columns.map((one) =>
    one === flexible ? { ...one, width: Math.max(MIN_WIDTH, Math.min(one.width, left)) } : one,
  );
  return narrowed(sized, width);
}

/** Where even that is too wide the widest columns give. */
function narrowed<T>(columns: readonly Measured<T>[], width: number): Measured<T>[] {
  const sized = [...columns];
  const taken = (): number => sized.reduce((sum, one) => sum + one.width, GAP.length * (sized.length - 1));
  for (let over = taken() - width; over > 0; over = taken() - width) {
    const widest = sized.reduce((most, one, i) => (one.width > (sized[most]?.width ?? 0) ? i : most), 0);
    const column = sized[widest];
    if (column === undefined || column.width <= MIN_WIDTH) break;
    sized[widest] = { ...column, width: Math.max(MIN_WIDTH, column.width - over) };
  }
  return sized;
}

function firstToGo<T>(columns: readonly Measured<T>[]): Measured<T> | undefined {
  const going = columns.filter(({ column }) => column.goes !== undefined);
  return going.sort((a, b) => (a.column.goes ?? 0) - (b.column.goes ?? 0))[0];
}

function lineOf<T>(columns: readonly Measured<T>[], at: number, rows: readonly T[], paint: Paint): string {
  const row = rows[at];
  let line = "";
  let gap = "";
  for (const [i, { column, cells, width }] of columns.entries()) {
    const text = cutToWidth(
      (row === undefined ? undefined : column.cut?.(row, width)) ?? cells[at] ?? "",
      width,
    );
    const color = row === undefined ? undefined : column.color?.(row);
    const isLast = i === columns.length - 1;
    const cell = isLast && column.align !== "right" ? text : padToWidth(text, width, column.align);
    line += gap + (color === undefined || text === "" ? cell : cell.replace(text, () => paint(color, text)));
    gap = GAP;
  }
  return line.trimEnd();
}
