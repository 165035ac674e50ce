// Runs the command that the arguments name, and says how it went.
import { Command, CommanderError } from "commander";
import { messageText } from "../model/escape.ts";
import { VERSION } from "../model/version.ts";
import { COMMANDS } from "./command-table.ts";
import { Context } from "./context.ts";
import { exitCodeOf, sayingOf } from "./failures.ts";
import { addRootHelp } from "./help.ts";
import { Output } from "./output.ts";
import { EXIT, type ExitCode, type World } from "./world.ts";

/** Runs the command that the arguments name; resolves with the exit code and never rejects. */
export async function run(world: World): Promise<number> {
  const output = new Output(world);
  const context = new Context(world, output);
  try {
    const code = await unlessStuck(execute(context), context);
    await output.flush();
    return code;
  } catch (error) {
    return await failed(error, output, world);
  } finally {
    await context.close();
  }
}

/** The work's outcome; where it does not end soon after Ctrl-C, that of the interruption. */
function unlessStuck<T>(work: Promise<T>, context: Context): Promise<T> {
  const { signal } = context.world;
  return new Promise((resolve, reject) => {
    work.then(resolve, reject);
    signal.addEventListener("abort", () => setTimeout(() => reject(signal.reason), context.graceMs).unref());
  });
}

async function failed(error: unknown, output: Output, world: World): Promise<number> {
  // What was found before the failure is the user's.
  const unwritten: unknown = await output.flush().catch((failure: unknown) => failure);
  // Commander has said itself what is wrong, and ends so after its help too.
  const cause = error instanceof CommanderError && unwritten !== undefined ? unwritten : error;
  if (cause instanceof CommanderError) return cause.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const saying = sayingOf(cause);
  if (saying !== undefined) output.talk(`tracelight: ${saying}`.split("\n"), "red");
  if (world.env["TRACELIGHT_DEBUG"] && cause instanceof Error) output.talk((cause.stack ?? "").split("\n"));
  return exitCodeOf(cause);
}

async function execute(context: Context): Promise<ExitCode> {
  let code: ExitCode = EXIT.ok;
  const program = rootCommand(context);
  for (const declare of COMMANDS) {
    const { command, run } = declare();
    program.addCommand(command.copyInheritedSettings(program));
    command.showHelpAfterError(`(tracelight ${command.name()} --help shows how)`);
    command.action(async () => {
      code = await run(context, command);
    });
  }
  await program.parseAsync(context.world.argv, { from: "user" });
  return code;
}

function rootCommand({ output, world }: Context): Command {
  const program = new Command("tracelight")
    .description("Read what your agents did: traces in SQLite, DynamoDB or JSONL.")
    .version(VERSION, "-V, --version", "print the version")
    .option("--color", "colours, also where the output is no terminal")
    .option("--no-color", "no colours")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .configureOutput({
      writeOut: (text) => output.push(text),
      writeErr: (text) => output.talk(text.trimEnd().split("\n")),
      outputError: (text) => output.talk(linesOf(text), "red"),
      getOutHelpWidth: () => output.width,
      getErrHelpWidth: () => output.width,
    })
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, minWidthToWrap: MIN_HELP_WIDTH });
  addRootHelp(program);
  return program.hook("preAction", () => {
    const { color } = program.opts<{ color?: boolean }>();
    output.chooseColor(world.argv.some((word) => /^--(no-)?color$/.test(word)) ? color : undefined);
  });
}

/** What Commander says is wrong quotes what the shell was given; only its suggestion stands on a line of its own. */
function linesOf(text: string): readonly string[] {
  const [saying = "", suggestion] = text.trimEnd().split(/\n(?=\(Did you mean [^\n]*\?\)$)/);
  const line = messageText(saying.replace(/^error: /, "tracelight: "));
  return suggestion === undefined ? [line] : [line, suggestion];
}

/** Columns of an explanation. */
const MIN_HELP_WIDTH = 10;
