// The scripted model without a network: each SDK asks it in its own words all the same.
import { BedrockRuntimeClient } from "@aws-sdk/client-bedrock-runtime";
import type { Connection } from "../models/model.ts";
import type { Service } from "../models/services.ts";
import type { ScriptedModel } from "./scripted-model.ts";

export function inProcess(service: Service, model: ScriptedModel): Connection {
  if (service !== "bedrock") return { url: "http://scripted", fetch: model.fetch, apiKey: "none" };
  const credentials = { accessKeyId: "none", secretAccessKey: "none" };
  return {
    client: new BedrockRuntimeClient({
      ...{ region: "eu-central-1", endpoint: "http://scripted", credentials },
      requestHandler: handlerOf(model),
    }),
  };
}

/** What the AWS SDK sends requests with. */
function handlerOf(model: ScriptedModel) {
  return {
    handle: async ({ protocol, hostname, path, method, body = null }: AwsRequest) => {
      const response = await model.answer(new Request(`${protocol}//${hostname}${path}`, { method, body }));
      const headers = Object.fromEntries(response.headers);
      return { response: { statusCode: response.status, headers, body: response.body } };
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

interface AwsRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly path: string;
  readonly method: string;
  readonly body?: string | Uint8Array<ArrayBuffer> | null;
}
