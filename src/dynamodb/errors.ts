// What DynamoDB and the AWS SDK throw, as Tracelight's errors: what is wrong, and the mend.
import type { Blame } from "../delivery/transport.ts";
import type { TracelightErrorCode } from "../model/error-codes.ts";
import { messageOf, TracelightError } from "../model/errors.ts";

interface Explanation {
  readonly code: TracelightErrorCode;
  readonly says: (table: string) => string;
}

const SCHEMA =
  "needs a partition key pk (S), a sort key sk (S) and an index with partition key conversation_id (S) and sort key sk (S)";

const NOT_FOUND: Explanation = {
  code: "TABLE_NOT_FOUND",
  says: (table) =>
    `The table "${table}" does not exist in this region or at this endpoint; create it with ensureTable({ tableName: "${table}" })`,
};
const WRONG_KEYS: Explanation = {
  code: "TABLE_SCHEMA",
  says: (table) =>
    `The table "${table}" ${SCHEMA}; check tableName, conversationIdGsiName and recentIndex, or create it with ensureTable`,
};
const TOO_LARGE: Explanation = {
  code: "ITEM_TOO_LARGE",
  says: () => "An item is larger than DynamoDB takes (400 KB); shorten the span with the process option",
};
const REQUEST_TOO_LARGE: Explanation = {
  code: "ITEM_TOO_LARGE",
  says: () =>
    "DynamoDB, or what stands before it, refused a request as too large; shorten the span with the process option",
};
const NO_CREDENTIALS: Explanation = {
  code: "CREDENTIALS",
  says: () =>
    "AWS credentials are missing, wrong or expired; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or pass a client",
};
const NO_REGION: Explanation = {
  code: "INVALID_OPTION",
  says: () => "No AWS region is known; pass region, or set AWS_REGION",
};
const DENIED: Explanation = {
  code: "ACCESS_DENIED",
  says: (table) =>
    `The AWS credentials may not use the table "${table}"; allow dynamodb:BatchWriteItem, BatchGetItem, Query, Scan and DescribeTable`,
};
const FAILED: Explanation = {
  code: "DYNAMODB_FAILED",
  says: (table) => `DynamoDB refused a request for the table "${table}", or could not be reached`,
};

const REFUSED: Explanation = {
  code: "INVALID_ITEM",
  says: (table) => `DynamoDB refused an item for the table "${table}"`,
};

const BY_NAME: ReadonlyMap<string, Explanation> = new Map([
  ["ResourceNotFoundException", NOT_FOUND],
  ["AccessDeniedException", DENIED],
  ["CredentialsProviderError", NO_CREDENTIALS],
  ["UnrecognizedClientException", NO_CREDENTIALS],
  ["InvalidSignatureException", NO_CREDENTIALS],
  ["ExpiredTokenException", NO_CREDENTIALS],
  ["MissingAuthenticationTokenException", NO_CREDENTIALS],
  ["TokenProviderError", NO_CREDENTIALS],
]);

/** Words of a ValidationException or plain error that say what is really wrong. */
const BY_MESSAGE: readonly (readonly [RegExp, Explanation])[] = [
  [/item size/i, TOO_LARGE],
  [
    /key schema|the key |key element|specified index|does not match the schema|missing the key|index key/i,
    WRONG_KEYS,
  ],
  [/credential/i, NO_CREDENTIALS],
  [/region is missing/i, NO_REGION],
];

/** The error to report for what a request to `table` threw. */
export function explain(error: unknown, table: string): TracelightError {
  if (error instanceof TracelightError) return error;
  const { code, says } = explanationOf(error);
  const said = messageOf(error);
  const cause = REPEATED.test(said) ? withoutRequest(error, said) : error;
  return new TracelightError(code, `${says(table)}. (${messageOf(cause) || nameOf(error)})`, { cause });
}

/** An error that repeats the request, as one about its signature does, has the keys and tokens that signed it. */
function withoutRequest(error: unknown, said: string): Error {
  const cause = new Error(said.replace(REPEATED, "…"));
  cause.name = nameOf(error);
  return cause;
}

/** Where what is repeated begins; all after that is left out. */
const REPEATED =
  /\s*(The Canonical String|The String-to-Sign|Authorization\s*[=:]|['"]?\b(Credential|Signature)\s*=|x-amz-security-token|AWS4-HMAC-SHA256)[\s\S]*$/i;

function explanationOf(error: unknown): Explanation {
  const message = messageOf(error);
  const byMessage = BY_MESSAGE.find(([pattern]) => pattern.test(message));
  const other = OF_ONE_ITEM.has(nameOf(error)) ? REFUSED : FAILED;
  const byStatus = statusOf(error) === 413 ? REQUEST_TOO_LARGE : other;
  return BY_NAME.get(nameOf(error)) ?? byMessage?.[1] ?? byStatus;
}

/** What DynamoDB calls items that it cannot take: by their values, or already by their JSON. */
const OF_ONE_ITEM: ReadonlySet<string> = new Set(["ValidationException", "SerializationException"]);

/**
 * Whether the same request would fail again. `passing`: it is worth another try. `lasting`: it is not. `of one item`: it is not, but
 * one item may have brought it on the others.
 */
type Permanence = "passing" | "lasting" | "of one item";

/** Whether sending again can help. Expired credentials are renewed by the SDK, so that is worth another try. */
export function permanenceOf({ code, cause }: TracelightError): Permanence {
  if (nameOf(cause) === "ExpiredTokenException") return "passing";
  return LASTING.has(code) ? "lasting" : OF_ONE_ITEM_CODES.has(code) ? "of one item" : "passing";
}

const LASTING: ReadonlySet<string> = new Set<TracelightErrorCode>([
  ...(["INVALID_OPTION", "MISSING_DEPENDENCY", "TABLE_NOT_FOUND", "TABLE_SCHEMA"] as const),
  ...(["CREDENTIALS", "ACCESS_DENIED"] as const),
]);
const OF_ONE_ITEM_CODES: ReadonlySet<string> = new Set<TracelightErrorCode>([
  ...(["INVALID_ITEM", "INVALID_RECORD", "ITEM_TOO_LARGE"] as const),
]);

/** What a failure that is worth another try may be due to. */
export function blameOf({ cause }: TracelightError): Blame {
  const isOfServer = THROTTLED.test(nameOf(cause)) || nameOf(cause) === "ExpiredTokenException";
  const status = statusOf(cause);
  if (isOfServer || status === 503) return "server";
  return status === undefined ? "network" : "spans";
}

const THROTTLED = /Throttl|ProvisionedThroughput|RequestLimitExceeded|SlowDown|TooManyRequests/;

/** The status of the answer that the SDK made the error of. */
function statusOf(error: unknown): number | undefined {
  const metadata: unknown = typeof error === "object" && error !== null && Reflect.get(error, "$metadata");
  const status: unknown =
    typeof metadata === "object" && metadata !== null && Reflect.get(metadata, "httpStatusCode");
  return typeof status === "number" ? status : undefined;
}

/** The SDK's own name for the error. */
export function nameOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("name" in error)) return "";
  return String(error.name);
}
