// The forms that a text may have been brought into by who repeats it: escaped, encoded, in hex.

/** The text, and what it is once it is decoded in every way there is, twice over: a server may escape what it has encoded. */
export function disguises(text: string): readonly string[] {
  const forms = new Set([text]);
  for (let round = 0; round < ROUNDS; round++)
    for (const form of [...forms]) for (const decode of DECODERS) forms.add(decode(form));
  return [...forms];
}

const ROUNDS = 2;

const DECODERS: readonly ((text: string) => string)[] = [
  (text) => text.replace(/%([0-9a-f]{2})/gi, (_, hex) => characterOf(hex, 16)),
  (text) => text.replace(/\\(?:u00|x)([0-9a-f]{2})|\\(.)/gi, unescaped),
  (text) => text.replace(/&#(?:x([0-9a-f]{1,4})|(\d{1,5}));/gi, ofEntity),
  (text) => text.replace(/[\r\n]/g, "").replace(/[a-z0-9+/_-]{6,}/gi, fromBase64),
  (text) => text.replace(/(?:[0-9a-f]{2}[\s:-]?){3,}/gi, fromHex),
];

function characterOf(digits: string, radix: number): string {
  return String.fromCharCode(Number.parseInt(digits, radix));
}

function unescaped(_match: string, hex: string | undefined, other: string | undefined): string {
  return hex === undefined ? (other ?? "") : characterOf(hex, 16);
}

function ofEntity(_match: string, hex: string | undefined, decimal: string | undefined): string {
  return hex === undefined ? characterOf(decimal ?? "0", 10) : characterOf(hex, 16);
}

/** Wherever in the run it begins. */
function fromBase64(run: string): string {
  return [0, 1, 2, 3].map((start) => Buffer.from(run.slice(start), "base64").toString("latin1")).join("\n");
}

function fromHex(run: string): string {
  return Buffer.from(run.replace(/[\s:-]/g, ""), "hex").toString("latin1");
}
