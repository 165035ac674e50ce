// Times and counts as people read them, in the terminal and by the command: one way for each.

/** `58 µs`, `1.4 ms`, `812 ms`, `1.23 s`, `2m 05s`, `3h 12m`, `2d 3h`. */
export function duration(ms: number): string {
  if (ms < 0.9995) return `${Math.round(ms * 1000)} µs`;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9_995) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
  return `${Math.floor(minutes / 1440)}d ${Math.floor((minutes % 1440) / 60)}h`;
}

/** `12,345`. */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `999`, `1.2k`, `340k`, `1.2M`. */
export function compact(n: number): string {
  if (n < 1000) return String(n);
  const power = n < 999_500 ? 1 : n < 999_500_000 ? 2 : 3;
  const scaled = n / 1000 ** power;
  return `${scaled < 99.95 ? scaled.toFixed(1).replace(/\.0$/, "") : Math.round(scaled)}${"kMG"[power - 1]}`;
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}
