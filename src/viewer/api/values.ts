// JSON of the API: values to be shown, large ones and media.
import type { JsonValue } from "../../conventions/json-forms.ts";

/**
 * A value to be shown, as in a record; what is too large for that is a `LargeJson`, the whole or in its place within. Null where there is none.
 */
export type Shown = JsonValue;

/** Stands for a value that is too large to come along: `{"__large__": {…}}`. */
export interface LargeJson {
  readonly __large__: {
    /** For `API.value`. */
    readonly path: string;
    /** For `API.value`: of a chat's entry it may be another span than the entry's. */
    readonly span_id: string;
    /** The whole has so many characters: of a text itself, of any other value as JSON. */
    readonly size: number;
    /** `text`, or `json`. */
    readonly type: "text" | "json";
    /** The first characters. */
    readonly beginning: string;
  };
}

/** An image or a file in a message. Nothing is ever loaded from elsewhere: `url` is for people. */
export interface MediaJson {
  readonly type: "image" | "file";
  readonly media_type?: string;
  readonly name?: string;
  /** Where it is elsewhere. */
  readonly url?: string;
  readonly file_id?: string;
  /** Bytes, where it is here. */
  readonly size?: number;
  /** For `API.media`, where it is an image that is here. */
  readonly path?: string;
}
