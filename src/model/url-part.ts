// Text as a part of an address.

/** The text within an address. Half a character, of which the platform's own way makes an error, becomes U+FFFD. */
export function urlPart(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"));
}
