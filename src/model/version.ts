// The version of this package; a test compares it with package.json.

/** The version of tracelight. */
export const VERSION = "0.1.0";
