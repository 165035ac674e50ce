// `--redact`: the rules by which a command redacts, of a file or as they are built in.
import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf, type TracelightError } from "../model/errors.ts";
import { isObject } from "../model/record-reader.ts";
import { checkRedactOptions, type RedactOptions, redact } from "../redact/redact.ts";
import type { Process } from "../tracing/draft.ts";
import type { StoreReader } from "../tracing/readable.ts";
import type { Context } from "./context.ts";
import { sayingOf, UsageError } from "./failures.ts";

/** An option `--redact`: the name of a file, or true where it stands alone. */
export interface RedactFlag {
  readonly redact?: string | boolean;
}

const MODULES = [".js", ".mjs", ".cjs", ".ts", ".mts"];
/** What else stands for the built-in rules. */
const DEFAULT = "default";

/**
 * The options of `redact` that are asked for; undefined where it is not asked for.
 * @throws (rejects) UsageError
 */
export async function rulesOf(
  { world, output }: Context,
  { redact: wanted }: RedactFlag,
): Promise<RedactOptions | undefined> {
  if (wanted === undefined || wanted === false) return undefined;
  const onError = (error: TracelightError): void => {
    const saying = sayingOf(error);
    if (saying !== undefined) output.talk(saying, "yellow");
  };
  if (wanted === true || wanted === DEFAULT) return { onError };
  const given = await read(resolve(world.cwd, wanted), wanted, world.env);
  const options: unknown = isObject(given) ? { onError, ...given } : given;
  try {
    checkRedactOptions(options);
    return options;
  } catch (error) {
    throw new UsageError(`--redact: ${wanted}: ${messageOf(error)}`);
  }
}

/** The `process` that is asked for. */
export async function processOf(context: Context, flag: RedactFlag): Promise<Process | undefined> {
  const options = await rulesOf(context, flag);
  return options && redact(options);
}

/** The store, redacted where that is asked for. */
export async function redactedBy(
  context: Context,
  flag: RedactFlag,
  store: StoreReader,
): Promise<StoreReader> {
  const options = await rulesOf(context, flag);
  if (options === undefined) return store;
  const { redactedStore } = await import("../redact/store.ts");
  return redactedStore(store, options);
}

type Environment = Readonly<Record<string, string | undefined>>;

async function read(path: string, name: string, env: Environment): Promise<unknown> {
  const ending = extname(name).toLowerCase();
  if (ending === ".json") return new JsonRules(name, env).revived(await parsed(path, name));
  if (MODULES.includes(ending)) return exported(path, name);
  throw new UsageError(
    `--redact: ${name} is no file of rules (.json, .js, .mjs); for the built-in rules write --redact ${DEFAULT}, or --redact behind the store`,
  );
}

async function parsed(path: string, name: string): Promise<unknown> {
  try {
    return JSON.parse((await readFile(path, "utf8")).replace(/^\ufeff/, ""));
  } catch (error) {
    throw new UsageError(`--redact: ${name} cannot be read as JSON: ${messageOf(error)}`);
  }
}

/** A module is a program of the user's own: its options may have functions. */
async function exported(path: string, name: string): Promise<unknown> {
  try {
    const module: { default?: unknown } = await import(/* @vite-ignore */ pathToFileURL(path).href);
    return module.default;
  } catch (error) {
    throw new UsageError(`--redact: ${name} cannot be loaded: ${messageOf(error)}`);
  }
}

type Properties = Readonly<Record<string, unknown>>;

/** Options as JSON has them: patterns are texts, and the key of pseudonyms may be in the environment. */
class JsonRules {
  readonly #name: string;
  readonly #env: Environment;

  constructor(name: string, env: Environment) {
    this.#name = name;
    this.#env = env;
  }

  /** What is not as it should be is left as it is, and refused with the options. */
  revived(json: unknown): unknown {
    if (!isObject(json)) throw this.#wrong("it", "redact takes an object of options");
    const { rules, names, replace } = json;
    return {
      ...json,
      ...(Array.isArray(rules) ? { rules: rules.map((rule, i) => this.#rule(rule, i)) } : {}),
      ...(Array.isArray(names) ? { names: names.map((one, i) => this.#named(one, i)) } : {}),
      ...(isObject(replace) ? { replace: this.#replacement(replace) } : {}),
    };
  }

  #rule(rule: unknown, at: number): unknown {
    if (!isObject(rule)) return rule;
    const { label, pattern, flags } = this.#only(rule, `rules[${at}]`, ["label", "pattern", "flags"]);
    return { label, pattern: this.#pattern(pattern, flags, `rules[${at}]`) };
  }

  #named(name: unknown, at: number): unknown {
    if (!isObject(name)) return name;
    const { pattern, flags } = this.#only(name, `names[${at}]`, ["pattern", "flags"]);
    return this.#pattern(pattern, flags, `names[${at}]`);
  }

  #pattern(pattern: unknown, flags: unknown, where: string): RegExp {
    if (typeof pattern !== "string" || !(flags === undefined || typeof flags === "string"))
      throw this.#wrong(where, 'takes a "pattern", and "flags" such as "i", as texts');
    try {
      return new RegExp(pattern, flags);
    } catch (error) {
      throw this.#wrong(where, messageOf(error));
    }
  }

  /** `{ "pseudonym": { "env": "NAME" } }` keeps the key out of the file. */
  #replacement(replace: Properties): unknown {
    const { pseudonym } = this.#only(replace, "replace", ["pseudonym"]);
    if (!isObject(pseudonym)) return replace;
    const { env } = this.#only(pseudonym, "replace.pseudonym", ["env"]);
    const key = typeof env === "string" ? this.#env[env] : undefined;
    if (key === undefined) throw this.#wrong("replace.pseudonym", `the environment has no ${String(env)}`);
    return { pseudonym: key };
  }

  #only(object: Properties, where: string, names: readonly string[]): Properties {
    const unknown = Object.keys(object).find((name) => !names.includes(name));
    if (unknown === undefined) return object;
    throw this.#wrong(where, `has no "${unknown}"; it takes ${names.join(", ")}`);
  }

  #wrong(where: string, what: string): UsageError {
    return new UsageError(`--redact: ${this.#name}: ${where}: ${what}`);
  }
}
