// What goes wrong with TLS, and how it is mended: the codes of Node and OpenSSL in words.
import { errorCode, messageOf } from "../model/errors.ts";

/** What to do about an error of TLS, beginning with "; "; undefined where it is none. `ca` says how a back end is given an authority. */
export function tlsMend(error: unknown, ca: string): string | undefined {
  const code = errorCode(error) ?? "";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return wrongName(messageOf(error));
  const ofTrust = OF_TRUST.get(code);
  if (ofTrust !== undefined) return `; ${ofTrust}: give ${ca}, or name its file in NODE_EXTRA_CA_CERTS`;
  return MENDS.find(([pattern]) => pattern.test(code) || pattern.test(messageOf(error)))?.[1];
}

function wrongName(message: string): string {
  const [, names = "other names"] = /cert's (?:altnames|list): ([\w.:*, -]{1,200})/.exec(message) ?? [];
  return `; its certificate is not for that host (${names}): use a name that the certificate has`;
}

const BY_ITSELF = "its certificate is signed by itself, and not trusted here";
const BY_OTHERS = "its certificate is of an authority that is not trusted here";
const OF_TRUST: ReadonlyMap<string, string> = new Map([
  ["DEPTH_ZERO_SELF_SIGNED_CERT", BY_ITSELF],
  ["SELF_SIGNED_CERT_IN_CHAIN", BY_OTHERS],
  ["UNABLE_TO_GET_ISSUER_CERT", BY_OTHERS],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", BY_OTHERS],
  [
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    `${BY_OTHERS}, or the server leaves out the certificates between: let it send them`,
  ],
  ["CERT_UNTRUSTED", BY_OTHERS],
]);

/** By the code or the message, which differ from one release of OpenSSL to the next. In order: the first that fits counts. */
const MENDS: readonly (readonly [RegExp, string])[] = [
  [/^CERT_HAS_EXPIRED$/, "; its certificate has expired: renew it there, or set the clock of this machine"],
  [
    /^CERT_NOT_YET_VALID$/,
    "; its certificate is not valid yet: set the clock of this machine, or that of who made it",
  ],
  [
    /wrong[ _]version[ _]number|packet[ _]length[ _]too[ _]long|http[ _]request/i,
    "; it does not speak TLS: url may have to begin with http://",
  ],
  [
    /protocol[ _]version|unsupported[ _]protocol|no[ _]protocols[ _]available/i,
    "; it speaks another version of TLS than Node does: TLS 1.2 or 1.3 is wanted",
  ],
  [
    /alert[ _](certificate|bad[ _]certificate|unknown[ _]ca|handshake[ _]failure|access[ _]denied)/i,
    "; it refuses this client: it may want a certificate of its own, as tls.cert and tls.key",
  ],
];
