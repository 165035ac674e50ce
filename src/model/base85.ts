// Base 85 in the alphabet of RFC 1924 and Git, as Python's base64.b85encode writes it.

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
const DIGITS = new Map([...ALPHABET].map((character, value) => [character, value]));

/** Four bytes to five characters; a short last group to one character more than its bytes. */
export function encodeBase85(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4) {
    const group = encodeGroup(wordAt(bytes, at));
    text += group.slice(0, Math.min(bytes.length - at, 4) + 1);
  }
  return text;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return [0, 1, 2, 3].reduce((word, i) => word * 256 + (bytes[at + i] ?? 0), 0);
}

function encodeGroup(word: number): string {
  let text = "";
  for (let i = 0, rest = word; i < 5; i++, rest = Math.floor(rest / 85))
    text = ALPHABET.charAt(rest % 85) + text;
  return text;
}

/** Undoes `encodeBase85`; undefined where the text is not base 85. */
export function decodeBase85(text: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 5) {
    const group = text.slice(at, at + 5);
    const word = decodeGroup(group);
    if (word === undefined || group.length === 1) return undefined;
    for (let i = 0; i < group.length - 1; i++) bytes.push((word >>> (24 - 8 * i)) & 255);
  }
  return Uint8Array.from(bytes);
}

function decodeGroup(group: string): number | undefined {
  let word = 0;
  for (const character of group.padEnd(5, "~")) {
    const digit = DIGITS.get(character);
    if (digit === undefined) return undefined;
    word = word * 85 + digit;
  }
  return word < 2 ** 32 ? word : undefined;
}
