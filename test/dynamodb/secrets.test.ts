// AWS repeats the request in some of its errors: the keys, tokens and signatures in it reach no error of ours.
import { createServer, type IncomingHttpHeaders } from "node:http";
import { inspect } from "node:util";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { TracelightError } from "tracelight";
import { DynamoDbTracer } from "tracelight/dynamodb";
import { expect, onTestFinished, test } from "vitest";
import { flushedUntil } from "../patience.ts";

const KEYS = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI",
  sessionToken: "IQoJb3JpZ2luX2VjE",
};

test.each<[string, (headers: IncomingHttpHeaders) => string, string]>([
  [
    "InvalidSignatureException",
    (sent) =>
      `The request signature we calculated does not match. Check your key.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:${sent["x-amz-security-token"]}\n'`,
    "does not match. Check your key.",
  ],
  [
    "IncompleteSignatureException",
    (sent) => `The request is not signed: Authorization=${sent.authorization}`,
    "The request is not signed:",
  ],
  ["ValidationException", (sent) => `Odd: '${sent.authorization}'`, "Odd:"],
])("%s", async (name, said, seen) => {
  const server = createServer((incoming, outgoing) => {
    const body = JSON.stringify({ __type: `com.amazonaws#${name}`, message: said(incoming.headers) });
    outgoing.writeHead(400, { "content-type": "application/x-amz-json-1.0" }).end(body);
    incoming.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const endpoint = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const client = new DynamoDBClient({ endpoint, region: "eu-west-1", credentials: KEYS, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  const told: TracelightError[] = [];
  const tracer = new DynamoDbTracer({ tableName: "Traces", client, onError: (error) => told.push(error) });
  onTestFinished(() => void tracer.close({ timeoutMs: 0 }));
  tracer.trace("span", () => undefined);
  const { errors } = await flushedUntil(tracer, () => told.length > 0);
  const read: unknown = await tracer.getTraces({ traceId: "a".repeat(32) }).catch((error) => error);
  const shown = inspect([told, errors, read], { depth: 9 });
  expect(shown).toContain(seen);
  expect(told.length).toBeGreaterThan(0);
  for (const secret of [...Object.values(KEYS), "Signature="]) expect(shown).not.toContain(secret);
});
