// `tracelight test ID`: one trace or conversation as a test that runs offline, with its cassette beside it.
import { basename, dirname, relative, resolve } from "node:path";
import { redact } from "../../redact/redact.ts";
import { processed } from "../../tracing/draft.ts";
import { queryOf } from "../../tracing/found.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../failures.ts";
import { idText } from "../format.ts";
import { foundFor, nothing, wantedIn } from "../wanted.ts";
import { WholeFile } from "../whole-file.ts";
import { EXIT, type ExitCode } from "../world.ts";

/** Options of `test`. */
export interface TestOptions {
  readonly runner: "vitest" | "node";
  readonly agent: string;
  readonly cassette?: string;
  readonly out?: string;
  readonly force?: boolean;
}

/** Writes the test, and the cassette first. */
export async function writeTest(
  context: Context,
  args: readonly string[],
  options: TestOptions,
): Promise<ExitCode> {
  const { output, world } = context;
  const { store, id } = await wantedIn(args, context);
  const found = await foundFor(id, store);
  const spans = found === undefined ? [] : await store.find(queryOf(found));
  if (found === undefined || spans.length === 0) return nothing(id, store, context);
  const [{ testText }, { cassetteLines }] = await Promise.all([
    import("../../testing/from-trace/test-text.ts"),
    import("../../testing/replay/cassette.ts"),
  ]);
  const rules = redact();
  const redacted = spans.flatMap((span) => (rules && processed(span, rules)) ?? []);
  const files = filesOf(idText(found.id), options, world.cwd);
  const text = testText(redacted, {
    ...{ runner: options.runner, agent: agentOf(options.agent) },
    cassette: `./${relative(dirname(files.test), files.cassette).replaceAll("\\", "/")}`,
  });
  await writeWhole(context, files.cassette, cassetteLines(redacted), options);
  if (options.out === undefined) await output.write(text);
  else await writeWhole(context, files.test, [text], options);
  await output.say(`The cassette is ${relative(world.cwd, files.cassette)}.`);
  return EXIT.ok;
}

async function writeWhole(
  context: Context,
  path: string,
  texts: Iterable<string>,
  { force }: TestOptions,
): Promise<void> {
  const file = await WholeFile.begin(path, force === true);
  context.atEnd(() => file.discard());
  for (const text of texts) await file.write(text);
  await file.finish();
}

/** The cassette lies beside the test: where that goes to standard output, in the folder of the shell. */
function filesOf(
  id: string,
  { out, cassette }: TestOptions,
  cwd: string,
): { test: string; cassette: string } {
  const test = resolve(cwd, out ?? "a.test.ts");
  const name = out === undefined ? id.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, MAX_NAME) : stem(out);
  return {
    test,
    cassette: cassette === undefined ? resolve(dirname(test), `${name}.jsonl`) : resolve(cwd, cassette),
  };
}

function stem(out: string): string {
  return basename(out).replace(/(?:\.(?:test|spec))?\.[cm]?[jt]sx?$/, "");
}

const MAX_NAME = 80;

function agentOf(given: string): { readonly module: string; readonly name: string } {
  const [module = "", name = "run"] = given.split("#");
  if (module === "" || !/^[A-Za-z_$][\w$]*$/.test(name))
    throw new UsageError(
      `--agent is a module and one of its exports, such as ./agent.js#run, not "${given}"`,
    );
  return { module, name };
}
