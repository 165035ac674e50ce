// Base 85 as Adobe's Ascii85 without its frame has it, and as Python's base64.a85encode writes it.

const FIRST_DIGIT = "!".charCodeAt(0);
const LAST_DIGIT_VALUE = 84;
const FOUR_ZEROS = "z".charCodeAt(0);

/** Four bytes to five characters, or to `z` where all are zero; a short last group to one character more than its bytes. */
export function encodeBase85(bytes: Uint8Array): string {
  const text = Buffer.allocUnsafe(Math.ceil(bytes.length / 4) * 5);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 4) {
    const taken = Math.min(bytes.length - at, 4);
    const word = wordAt(bytes, at);
    if (word === 0 && taken === 4) text[length++] = FOUR_ZEROS;
    else {
      writeDigits(word, text, length);
      length += taken + 1;
    }
  }
  return text.toString("latin1", 0, length);
}

function wordAt(bytes: Uint8Array, at: number): number {
  let word = 0;
  for (let i = at; i < at + 4; i++) word = word * 256 + (bytes[i] ?? 0);
  return word;
}

function writeDigits(word: number, text: Buffer, at: number): void {
  let rest = word;
  for (let i = at + 4; i >= at; i--) {
    text[i] = FIRST_DIGIT + (rest % 85);
    rest = Math.floor(rest / 85);
  }
}

/** Undoes `encodeBase85`; undefined where the text is not base 85. */
export function decodeBase85(text: string): Uint8Array | undefined {
  // A `z` stands for four bytes, so no text gives more than four a character.
  const bytes = new Uint8Array(text.length * 4);
  let length = 0;
  for (let at = 0; at < text.length; ) {
    if (text.charCodeAt(at) === FOUR_ZEROS) {
      length += 4;
      at += 1;
      continue;
    }
    const taken = Math.min(text.length - at, 5);
    const word = taken === 1 ? undefined : readDigits(text, at);
    if (word === undefined) return undefined;
    for (let i = 0; i < taken - 1; i++) bytes[length++] = (word >>> (24 - 8 * i)) & 255;
    at += taken;
  }
  return bytes.slice(0, length);
}

/** The word of the five digits from `at`; those beyond the end count as the last digit. */
function readDigits(text: string, at: number): number | undefined {
  let word = 0;
  for (let i = at; i < at + 5; i++) {
    const digit = i < text.length ? text.charCodeAt(i) - FIRST_DIGIT : LAST_DIGIT_VALUE;
    if (digit < 0 || digit > LAST_DIGIT_VALUE) return undefined;
    word = word * 85 + digit;
  }
  return word < 2 ** 32 ? word : undefined;
}
