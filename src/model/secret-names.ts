// Names whose values are secrets: of properties, attributes, headers and parameters.

const NAMES = new Set(
  [
    "password passwd pwd passphrase passcode secret clientsecret secretkey secretaccesskey sharedsecret apikey xapikey apisecret",
    "accesskey privatekey signingkey encryptionkey masterkey accountkey authorization proxyauthorization cookie setcookie",
    "connectionstring credentials credential cvv cvc ssn jwt token",
  ]
    .join(" ")
    .split(" "),
);
const ENDINGS = /(?:password|passwd|secret|apikey|accesskey|privatekey|passphrase)$/;
/** Those of sessions and services; not those that turn pages or that models are made of. */
const TOKENS =
  /(?:access|auth|authorization|bearer|csrf|github|gitlab|id|npm|oauth|refresh|security|session|slack|xsrf|api|bot|user)token$/;

/** True for a name that says that its value is a secret, however it is spelled: `apiKey`, `x-api-key`, `http.request.header.authorization`. */
export function isSecretName(name: string): boolean {
  const plain = spelled(name.slice(name.lastIndexOf(".") + 1));
  return NAMES.has(plain) || ENDINGS.test(plain) || TOKENS.test(plain);
}

/** A name without what differs from one spelling to another: `apiKey`, `api_key` and `API-Key` are one. */
export function spelled(name: string): string {
  return name.replace(/[-_\s]/g, "").toLowerCase();
}

/** True for texts in which such a name may stand: a look that costs little. */
export function mayNameSecret(text: string): boolean {
  return HINT.test(text);
}

const HINT = /pass|pwd|secret|key|token|auth|cookie|credential|connection|cv[vc]|ssn|jwt/i;
