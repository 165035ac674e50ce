/** The texts by the names that the sources have for them, as JSON: for esbuild's `define`. */
export function embedded(): Promise<Record<string, string>>;
