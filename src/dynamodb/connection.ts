// What requests to DynamoDB are sent with.
import type * as Sdk from "@aws-sdk/client-dynamodb";

/** The SDK's module and a client of it. */
export interface Connection {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.DynamoDBClient;
  /** True where the client was made here, with our middleware in it. A caller's is left as it is: commands bring what they need. */
  readonly isOurs: boolean;
  /** Lets go of the client, where it is ours. */
  readonly close: () => void;
}
