// Credentials in URLs and headers.
import { byPattern, type Rule } from "../rule.ts";
import { HAS } from "../survey.ts";

/** User and password before a URL's host: RFC 3986, 3.2.1. The URL stays. */
export const urlCredentials: Rule = byPattern({
  label: "CREDENTIALS",
  hints: HAS.credentials,
  pattern: /(?<=\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#@"'<>]{1,256}(?=@)/gi,
  accepts: (piece) => piece.includes(":") || piece.length >= 16,
});

/** What signs a URL or opens what it names: the value of such a parameter. */
export const urlSecret: Rule = byPattern({
  label: "SECRET",
  hints: HAS.credentials | HAS.token,
  reach: 8192,
  pattern:
    /(?<=[?&;#](?:access_token|api[_-]?key|apikey|auth|client_secret|id_token|key|password|passwd|refresh_token|secret|sig|signature|token|x-amz-credential|x-amz-security-token|x-amz-signature|x-goog-credential|x-goog-signature)=)[^\s&#"'<>]{6,4096}/gi,
});

/** What stands behind the scheme of an `authorization` header: RFC 9110, 11.6.2. */
export const authorization: Rule = byPattern({
  label: "AUTHORIZATION",
  hints: HAS.credentials,
  reach: 8192,
  pattern:
    /(?<=\b(?:Bearer|bearer|BEARER)[ \t]{1,4})[\w.~+/=-]{16,4096}|(?<=\b(?:Basic|basic)[ \t]{1,4})[A-Za-z0-9+/]{8,4096}={0,2}(?![\w-])|(?<=\bauthorization["']?[ \t]{0,4}[:=][ \t]{0,4}["']?(?:[A-Za-z][\w-]{2,20}[ \t]{1,4})?)[\w.~+/=-]{8,4096}/gi,
  // Words follow "basic" too: what is encoded has a digit, a capital within or a sign.
  accepts: (piece) => /[\d+/=]|[a-z][A-Z]/.test(piece),
});
