// The scripted model on this machine's own network.
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createServer2 } from "node:http2";
import type { AddressInfo } from "node:net";
import { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
import type { Connection } from "../models/model.ts";
import type { Service } from "../models/services.ts";
import type { ScriptedModel } from "./scripted-model.ts";

export interface ModelServer {
  readonly url: string;
  /** Of HTTP/2, which Bedrock's client speaks. */
  readonly url2: string;
  close(): void;
}

export async function serve(model: ScriptedModel): Promise<ModelServer> {
  const [server, server2] = [createServer(answer), createServer2(answer)];
  const ports = await Promise.all([server, server2].map(listening));
  const [url = "", url2 = ""] = ports.map((port) => `http://127.0.0.1:${port}`);
  return {
    ...{ url, url2 },
    close: () => {
      server.closeAllConnections();
      server.close();
      server2.close();
    },
  };

  async function answer(asked: Incoming, response: Outgoing): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of asked) chunks.push(Buffer.from(chunk));
    const { status, headers, body } = await model.answer(
      new Request(new URL(asked.url ?? "", url), { method: "POST", body: Buffer.concat(chunks) }),
    );
    response.writeHead(status, Object.fromEntries(headers));
    for await (const piece of body ?? []) response.write(piece);
    response.end();
  }
}

/** What both of Node's servers give. */
interface Incoming extends AsyncIterable<string | Uint8Array> {
  readonly url?: string | undefined;
}

interface Outgoing {
  writeHead(status: number, headers: Record<string, string>): unknown;
  write(piece: Uint8Array): unknown;
  end(): unknown;
}

async function listening(
  server: {
    listen(port: number, host: string): unknown;
    address(): AddressInfo | string | null;
  } & NodeJS.EventEmitter,
): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** How the SDK of a service asks this server: there is no key to be had. */
export function localConnection(service: Service, { url, url2 }: ModelServer): Connection {
  if (service !== "bedrock") return { url, apiKey: "none" };
  const credentials = { accessKeyId: "none", secretAccessKey: "none" };
  return { client: new BedrockRuntimeClient({ endpoint: url2, region: "eu-central-1", credentials }) };
}
