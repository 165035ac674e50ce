// OpenTelemetry's API as every bundler can follow it, there or not: the build makes CommonJS of this file, and no more of it than this.

/** The API as `require` finds it, beside the package or in the bundle; undefined where it is not there. */
export function requiredApi(): unknown {
  try {
    // Bundlers take a package in by its literal name alone, and forgive one that is not there inside of `try` alone.
    return require("@opentelemetry/api");
  } catch {
    return undefined;
  }
}
