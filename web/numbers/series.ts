// Numbers over time as shapes: bars that are stacked, and lines with gaps where there is nothing.

/** A shape of one number a bucket. */
export interface Bar {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Numbers of the buckets; null where there is none. */
export type Values = readonly (number | null)[];

/** The largest sum of a bucket. */
export function largestStack(series: readonly Values[]): number {
  const length = Math.max(0, ...series.map((values) => values.length));
  let most = 0;
  for (let i = 0; i < length; i++) {
    most = Math.max(
      most,
      series.reduce((sum, values) => sum + (values[i] ?? 0), 0),
    );
  }
  return most;
}

/** The largest number. */
export function largest(series: readonly Values[]): number {
  return Math.max(0, ...series.flatMap((values) => values.map((value) => value ?? 0)));
}

/** Of each of the series, its bars upon those before. */
export function stacked(
  series: readonly Values[],
  { most, width, height, gap }: Box,
): readonly (readonly Bar[])[] {
  const tops = new Map<number, number>();
  return series.map((values) => {
    const step = width / values.length;
    return values.flatMap((value, i) => {
      if (value === null || value === 0) return [];
      const tall = (value / most) * height;
      const top = tops.get(i) ?? 0;
      tops.set(i, top + tall);
      const y = height - top - tall;
      return [{ x: i * step + gap, y, width: step - 2 * gap, height: Math.max(0.8, tall - 0.6) }];
    });
  });
}

/** Where a chart is drawn. */
export interface Box {
  /** What reaches to its top. */
  readonly most: number;
  readonly width: number;
  readonly height: number;
  /** Left free on each side of a bar. */
  readonly gap: number;
}

/** A line through the numbers, as the path of an SVG. */
export function lineOf(values: Values, { most, width, height }: Omit<Box, "gap">): string {
  const step = width / values.length;
  let path = "";
  let isDrawing = false;
  values.forEach((value, i) => {
    if (value === null) {
      isDrawing = false;
      return;
    }
    const x = ((i + 0.5) * step).toFixed(1);
    const y = (height - (value / Math.max(most, 1e-12)) * height).toFixed(1);
    // A number between two gaps is a short line, or it would not be seen.
    path += `${isDrawing ? "L" : "M"}${x} ${y}${isDrawing ? "" : "h.01"}`;
    isDrawing = true;
  });
  return path;
}

/** Labels at these heights, moved apart where they would touch: each in its turn, none beyond the bottom. */
export function apart(heights: readonly number[], least: number, bottom: number): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => (heights[a] ?? 0) - (heights[b] ?? 0));
  const placed = [...heights];
  let last = Number.NEGATIVE_INFINITY;
  for (const i of order) {
    last = Math.max(placed[i] ?? 0, last + least);
    placed[i] = last;
  }
  const over = Math.max(0, last - bottom);
  return placed.map((y) => y - over);
}
