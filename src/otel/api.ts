// OpenTelemetry's API: loaded when it is first needed, since those who only pass headers on need not install it.
import { createRequire } from "node:module";
import type * as api from "@opentelemetry/api";
import { messageOf, TracelightError } from "../model/errors.ts";

/**
 * The API as this package finds it.
 * @throws TracelightError `MISSING_DEPENDENCY` where it is not installed, `OTEL_MISMATCH` where it is not of version 1.
 */
export function loadApi(): typeof api {
  let module: unknown;
  try {
    module = createRequire(import.meta.url)("@opentelemetry/api");
  } catch (error) {
    const message = `This needs the package @opentelemetry/api: npm install @opentelemetry/api (${messageOf(error)})`;
    throw new TracelightError("MISSING_DEPENDENCY", message, { cause: error });
  }
  if (isApi(module)) return module;
  throw mismatch(
    "the installed @opentelemetry/api has not the functions of version 1; install @opentelemetry/api@1",
  );
}

function isApi(module: unknown): module is typeof api {
  if (typeof module !== "object" || module === null) return false;
  return ["trace", "context", "propagation", "ROOT_CONTEXT"].every((name) => name in module);
}

/** The error for an OpenTelemetry that does not fit. */
export function mismatch(why: string): TracelightError {
  return new TracelightError("OTEL_MISMATCH", `registerTracer registered nothing: ${why}.`);
}
