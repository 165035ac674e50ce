// The messages that a model is given next, as far as a transcript says them.

/** Messages in the order in which they were said; what is in the list never changes, so calls may hold parts of it. */
export class History {
  #messages: unknown[] = [];
  #sizes: number[] = [];
  #size = 0;
  #isCut = false;
  readonly #isKept: boolean;

  /** Where nobody will ask for the messages, none are kept. */
  constructor(isKept: boolean) {
    this.#isKept = isKept;
  }

  /** How many there are. */
  get length(): number {
    return this.#messages.length;
  }

  /** All of them as they are now. */
  messages(): readonly unknown[] {
    return this.#isCut ? [LEFT_OUT, ...this.#messages] : this.#messages.slice();
  }

  /** `size` is about how long it is as text. The oldest go where they cannot have been sent any more. */
  add(message: unknown, size: number): void {
    if (!this.#isKept) return;
    this.#messages.push(message);
    this.#sizes.push(size);
    this.#size += size;
    if (this.#size > MAX_SIZE || this.#messages.length > MAX_MESSAGES) this.#cut();
  }

  #cut(): void {
    let count = 0;
    for (; count < this.#messages.length - 1 && this.#isLarge; count++) this.#size -= this.#sizes[count] ?? 0;
    count = Math.max(count, this.#messages.length - MAX_MESSAGES / 2);
    this.#messages = this.#messages.slice(count);
    this.#sizes = this.#sizes.slice(count);
    this.#size = this.#sizes.reduce((sum, size) => sum + size, 0);
    this.#isCut = true;
  }

  get #isLarge(): boolean {
    return this.#size > MAX_SIZE / 2;
  }

  /** These take the place of all others, as after a compaction. */
  replace(messages: readonly unknown[], size: number): void {
    if (!this.#isKept) return;
    this.#messages = [...messages];
    this.#sizes = messages.map(() => size / messages.length);
    this.#size = messages.length === 0 ? 0 : size;
    this.#isCut = false;
  }

  /** Goes back to when there were so many. */
  rewind(length: number): void {
    if (length >= this.#messages.length) return;
    this.#messages = this.#messages.slice(0, length);
    this.#sizes = this.#sizes.slice(0, length);
    this.#size = this.#sizes.reduce((sum, size) => sum + size, 0);
  }
}

/** No provider takes a longer request. */
const MAX_SIZE: number = 32 * 1024 * 1024;
const MAX_MESSAGES = 10_000;
const LEFT_OUT = { role: "system", content: "Earlier messages are left out here." };
