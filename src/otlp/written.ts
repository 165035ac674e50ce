// What stands for a part of a span that is written already.

/** The bytes of a list's items, of a map's entries, or of a text: what is between its brackets, or its quotes. */
export class Written {
  readonly kind: "list" | "map" | "text";
  readonly bytes: Uint8Array;

  constructor(kind: Written["kind"], bytes: Uint8Array) {
    this.kind = kind;
    this.bytes = bytes;
  }
}
