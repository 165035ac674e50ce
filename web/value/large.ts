// Values that did not come along because they are large: known by a mark that no value of a user can have by accident.
import type { LargeJson } from "../../src/viewer/api.ts";

/** What stands for a large value. */
export type Large = LargeJson["__large__"];

/** The mark of a large value; undefined for any other. */
export function largeIn(value: unknown): Large | undefined {
  if (typeof value !== "object" || value === null || !("__large__" in value)) return undefined;
  const large: unknown = value.__large__;
  return isLarge(large) ? large : undefined;
}

function isLarge(value: unknown): value is Large {
  if (typeof value !== "object" || value === null) return false;
  return (
    "path" in value &&
    typeof value.path === "string" &&
    "span_id" in value &&
    typeof value.span_id === "string" &&
    "size" in value &&
    typeof value.size === "number"
  );
}
