// OpenTelemetry's API: loaded when it is first needed, since those who only pass headers on need not install it.
import type * as api from "@opentelemetry/api";
import { requireInstalled } from "../delivery/installed.ts";
import { messageOf, TracelightError } from "../model/errors.ts";
import * as required from "./required.ts";

/**
 * The API as this package finds it.
 * @throws TracelightError `MISSING_DEPENDENCY` where it is neither installed nor bundled, `OTEL_MISMATCH` where it is not of version 1.
 */
export function loadApi(): typeof api {
  const module = bundledApi() ?? installedApi();
  if (isApi(module)) return module;
  throw mismatch(
    "the installed @opentelemetry/api has not the functions of version 1; install @opentelemetry/api@1",
  );
}

/** A bundler that knows no CommonJS leaves the function out. */
function bundledApi(): unknown {
  return "requiredApi" in required ? required.requiredApi() : undefined;
}

function installedApi(): unknown {
  try {
    return requireInstalled("@opentelemetry/api").module;
  } catch (error) {
    const mend = "npm install @opentelemetry/api, and where this program is bundled, bundle it anew";
    const message = `This needs the package @opentelemetry/api: ${mend} (${messageOf(error)})`;
    throw new TracelightError("MISSING_DEPENDENCY", message, { cause: error });
  }
}

function isApi(module: unknown): module is typeof api {
  if (typeof module !== "object" || module === null) return false;
  return ["trace", "context", "propagation", "ROOT_CONTEXT"].every((name) => name in module);
}

/** The error for an OpenTelemetry that does not fit. */
export function mismatch(why: string): TracelightError {
  return new TracelightError("OTEL_MISMATCH", `registerTracer registered nothing: ${why}.`);
}
