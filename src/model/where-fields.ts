// The fields of a span that filters know by name, and what each holds.

/** The fields of a span that have a name of their own. */
export type Field =
  | "span_name"
  | "span_kind"
  | "span_status"
  | "status_message"
  | "trace_id"
  | "span_id"
  | "parent_span_id"
  | "started_at"
  | "ended_at"
  | "duration"
  | "state"
  | "failed"
  | "scope.name"
  | "scope.version";

/** What a field holds; a list where it is one of a few words; true or false where it is a flag. */
export type FieldType = "text" | "time" | "duration" | "flag" | readonly string[];

/** What each field holds. */
export const FIELDS: Readonly<Record<Field, FieldType>> = {
  span_name: "text",
  span_kind: ["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"],
  span_status: ["UNSET", "OK", "ERROR"],
  status_message: "text",
  trace_id: "text",
  span_id: "text",
  parent_span_id: "text",
  started_at: "time",
  ended_at: "time",
  duration: "duration",
  state: ["running", "ended", "interrupted"],
  failed: "flag",
  "scope.name": "text",
  "scope.version": "text",
};
const ALIASES: Readonly<Record<string, Field>> = {
  name: "span_name",
  kind: "span_kind",
  status: "span_status",
};

/** The names of fields, for suggestions. */
export const FIELD_NAMES: readonly string[] = Object.keys(FIELDS);

/** The field of that name, or of a short one. */
export function fieldNamed(text: string): Field | undefined {
  const field = Object.hasOwn(ALIASES, text) ? ALIASES[text] : text;
  return isField(field) ? field : undefined;
}

function isField(text: string | undefined): text is Field {
  return text !== undefined && Object.hasOwn(FIELDS, text);
}
