// The AWS SDK's client: imported when it is first needed, or the caller's own.
import type * as Sdk from "@aws-sdk/client-dynamodb";
import { requireInstalled } from "../delivery/installed.ts";
import { defined } from "../model/defined.ts";
import { messageOf, TracelightError } from "../model/errors.ts";
import { is, type OptionRules } from "../model/options.ts";
import { NEXT_TO_THE_WIRE, takeItems } from "./answers.ts";
import type { Connection } from "./connection.ts";
import { BUILD, putBody } from "./wire.ts";

/** The part of the AWS SDK's `DynamoDBClient` that Tracelight uses. */
export interface DynamoDbClientLike {
  /** Sends one command. */
  send(command: never): Promise<unknown>;
  /** Lets go of its connections. */
  destroy?(): void;
}

/** Which DynamoDB to talk to. */
export interface ConnectionOptions {
  /** A `DynamoDBClient` of your own; it is not closed with the tracer. */
  readonly client?: DynamoDbClientLike | undefined;
  /** The URL of another DynamoDB, such as an emulator's. */
  readonly endpoint?: string | undefined;
  /** Default: what the AWS SDK finds (`AWS_REGION`, the shared configuration file). */
  readonly region?: string | undefined;
}

/** The checks of `ConnectionOptions`. */
export const CONNECTION_CHECKS: OptionRules["checks"] = {
  client: is.having("send", "a DynamoDBClient"),
  endpoint: (value) => (typeof value === "string" && URL.canParse(value) ? undefined : "a URL"),
  region: is.text,
};

/** The check of a table's name or ARN. */
export const isTableName: (value: unknown) => string | undefined = (value) =>
  typeof value === "string" && (/^[\w.-]{3,255}$/.test(value) || value.startsWith("arn:"))
    ? undefined
    : "a table's name (3 to 255 letters, digits, _, - or .) or ARN";

/** Connects as the options say. Rejects with `MISSING_DEPENDENCY` where the SDK is not installed. */
export async function connect(options: ConnectionOptions): Promise<Connection> {
  const sdk = await importSdk();
  if (options.client !== undefined && isClient(options.client)) {
    return { sdk, client: options.client, isOurs: false, close: () => undefined };
  }
  const client = new sdk.DynamoDBClient(clientConfig(options));
  // On the client itself, so that it can keep its chain of middleware from one request to the next.
  client.middlewareStack.add(putBody, BUILD);
  client.middlewareStack.add(takeItems, NEXT_TO_THE_WIRE);
  return { sdk, client, isOurs: true, close: () => client.destroy() };
}

/** Bundlers take in what is imported; what they leave out may lie where only `require` looks, as Lambda's own SDK does. */
async function importSdk(): Promise<typeof Sdk> {
  try {
    return await import("@aws-sdk/client-dynamodb");
  } catch (error) {
    const module = requiredSdk();
    if (module !== undefined) return module;
    const mend = "npm install @aws-sdk/client-dynamodb";
    const message = `DynamoDB needs the AWS SDK: ${mend}. Loading it said: ${messageOf(error)}`;
    throw new TracelightError("MISSING_DEPENDENCY", message, { cause: error });
  }
}

function requiredSdk(): typeof Sdk | undefined {
  try {
    const { module } = requireInstalled("@aws-sdk/client-dynamodb");
    return isSdk(module) ? module : undefined;
  } catch {
    return undefined;
  }
}

function isSdk(module: unknown): module is typeof Sdk {
  return typeof module === "object" && module !== null && "DynamoDBClient" in module;
}

/** The option's check has seen that it has a `send`; the rest is the SDK's business. */
function isClient(client: DynamoDbClientLike): client is Sdk.DynamoDBClient {
  return typeof client.send === "function";
}

const TIMEOUTS = {
  connectionTimeout: 5000,
  requestTimeout: 30_000,
  socketTimeout: 30_000,
  throwOnRequestTimeout: true,
} as const;

function clientConfig({ endpoint, region }: ConnectionOptions): Sdk.DynamoDBClientConfig {
  return {
    cacheMiddleware: true,
    // Without these the SDK waits for ever on a connection that says nothing.
    requestHandler: TIMEOUTS,
    ...defined({ endpoint, region }),
    ...(endpoint !== undefined && isLoopback(endpoint) ? localDefaults(region) : {}),
  };
}

function isLoopback(endpoint: string): boolean {
  const { hostname } = new URL(endpoint);
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}

/** An emulator on this machine takes any credentials and region, so none need be set up for it. */
function localDefaults(region: string | undefined): Sdk.DynamoDBClientConfig {
  const { AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  return {
    region: region ?? AWS_REGION ?? AWS_DEFAULT_REGION ?? "us-east-1",
    ...(AWS_ACCESS_KEY_ID || AWS_PROFILE
      ? {}
      : { credentials: { accessKeyId: "local", secretAccessKey: "local" } }),
  };
}
