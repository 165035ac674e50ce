// What the shell expects of a command: help, exit codes, streams, colours, pipes and bad input.
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { VERSION } from "../../src/model/version.ts";
import { sqliteDriver } from "../../src/sqlite/driver.ts";
import { shareOf } from "../sizes.ts";
import { folder, launched, outcomeOf, start, tracelight, useFolder } from "./command.ts";
import { recordLines, SPANS } from "./spans.ts";

useFolder();

const COMMANDS = [
  ...["ls", "show", "tail", "search", "stats", "export", "import", "collect", "prune"],
  ...["create-table", "dynamodb-local"],
];
const ESCAPE = "\u001b";

beforeAll(() => {
  writeFileSync(join(folder, "app.jsonl"), recordLines(SPANS));
});

describe("help", () => {
  test("names every command, the stores and the exit codes", async () => {
    const { code, stdout, stderr } = await tracelight(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of COMMANDS) expect(stdout).toContain(`\n  ${command} `);
    expect(stdout).toContain("dynamodb:Table");
    expect(stdout).toContain(
      "Exit codes: 0 done, 1 nothing found, 2 wrong usage, 3 the store cannot be used.",
    );
  });

  test.concurrent.each(COMMANDS)("%s --help has examples", async (command) => {
    const { code, stdout } = await tracelight([command, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: tracelight ${command} `));
    expect(stdout).toMatch(new RegExp(`\\nExamples:\\n  .*tracelight ${command}`));
  });

  test.concurrent.each(
    [60, 80].flatMap((width) => ["", ...COMMANDS].map((command) => [width, command] as const)),
  )("fits %i columns: %s", async (width, command) => {
    const { stdout } = await tracelight([...(command === "" ? [] : [command]), "--help"], {
      env: { COLUMNS: `${width}` },
    });
    const wide = stdout.split("\n").filter((line) => line.length > width);
    expect(wide).toEqual([]);
  });

  test("of tail and prune offers no store that they refuse", async () => {
    for (const command of ["tail", "prune"]) {
      const { stdout } = await tracelight([command, "--help"]);
      expect(stdout).toContain("an SQLite file");
      expect(stdout).not.toContain("dynamodb:");
    }
  });

  test("--version prints the version", async () => {
    expect(await tracelight(["--version"])).toEqual({ code: 0, stdout: `${VERSION}\n`, stderr: "" });
  });
});

describe("a process of its own", () => {
  const runs = [
    ["a version", ["--version"], "", 0],
    ["help", ["ls", "--help"], "", 0],
    ["spans of a file", ["export", "app.jsonl"], "", 0],
    ["spans of its standard input", ["show", "--color", "-"], recordLines(SPANS), 0],
    ["nothing found", ["ls", "-"], "", 1],
    ["wrong usage", ["lss"], "", 2],
    ["a store that is missing", ["ls", "missing.db"], "", 3],
  ] as const;
  test.concurrent.each(shareOf(runs, 0, 2))(
    "says the same, and no more: %s",
    async (_what, args, input, code) => {
      const outcome = await launched(args, { input });
      expect(outcome).toEqual(await tracelight(args, { input }));
      expect(outcome.code).toBe(code);
    },
  );

  test("is loaded by the SQLite driver and the AWS SDK without a word of theirs", async () => {
    const store = "dynamodb:Traces?endpoint=http://127.0.0.1:9";
    expect((await launched(["import", "app.jsonl", "driver.db"])).stderr).toMatch(/^8 spans imported .*\n$/);
    expect((await launched(["ls", store])).stderr).toMatch(/^tracelight: .*\n$/);
  });
});

describe("wrong usage is 2, and says what was meant", () => {
  const wrong: readonly (readonly [args: readonly string[], says: string])[] = [
    [[], "Usage: tracelight"],
    [["lss"], "(Did you mean ls?)"],
    [["ls", "--erors"], "(Did you mean --errors?)"],
    [["ls", "--erors"], "(tracelight ls --help shows how)"],
    [["show", "1", "app.jsonl", "more"], "too many arguments"],
    [
      ["import", "app.jsonl", "other.jsonl"],
      "other.jsonl is no name for an SQLite file, which would be made",
    ],
    [["import", "app.jsonl", "app.jsonl"], "app.jsonl is neither; files are imported one by one"],
    [["collect", "spans.ndjson", "--port", "0"], "tracelight collect - >> spans.ndjson"],
    [["ls", "app.jsonl", "more"], "too many arguments"],
    [["ls", "--limit", "0", "app.jsonl"], '"0" is no whole number from 1 to 1000'],
    [["ls", "--since", "3 moons", "app.jsonl"], '"3 moons" is no time; write 2h ago'],
    [["ls", "--since", "2025-02-30", "app.jsonl"], '"2025-02-30" is no time'],
    [["ls", "--by", "span", "app.jsonl"], "Allowed choices are conversation, trace."],
    [["ls", "--cursor", "x", "app.jsonl"], 'The query\'s "cursor" must be the cursor of the page before'],
    [["ls", "--where", "duration >", "app.jsonl"], "The filter cannot be read at column 11"],
    [["search", "  ", "app.jsonl"], "The search has no word to look for"],
    [["show", "", "app.jsonl"], "Say which"],
    [["prune", "--max-size", "2 lots", "app.jsonl"], '"2 lots" is no size'],
    [["prune", "--older-than", "soon", "app.jsonl"], '"soon" is no length of time'],
    [["collect", "app.jsonl", "--port", "0"], "for lines, write: tracelight collect - >> app.jsonl"],
    [["collect", "--port", "seven"], '"seven" is no whole number'],
    [["export", "--otlp", "--log-lines", "app.jsonl"], "cannot be used with option '--log-lines'"],
    [["export", "--translate", "genai", "app.jsonl"], "Allowed choices are gen_ai, openinference."],
    [
      ["export", "--translate", "gen_ai", "--log-lines", "app.jsonl"],
      "cannot be used with option '--log-lines'",
    ],
    [["import", "--otlp", "dynamodb:Traces"], "--otlp reads a file of OTLP/JSON"],
    [["dynamodb-local", "--port", "70000"], '--port: "70000" is no whole number from 0 to 65535'],
  ];

  test.concurrent.each(wrong)("%j", async (args, says) => {
    const { code, stdout, stderr } = await tracelight(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
    expect(stderr).not.toContain("    at ");
  });
});

describe("a store that cannot be used is 3, in one line", () => {
  beforeAll(() => {
    mkdirSync(join(folder, "folder"));
    writeFileSync(join(folder, "binary"), Buffer.from([1, 2, 0, 3]));
    writeFileSync(join(folder, "packed.gz"), Buffer.from([0x1f, 0x8b, 8, 0]));
    writeFileSync(join(folder, "cut.db"), "SQLite for");
    writeFileSync(join(folder, "damaged.db"), `SQLite format 3\0${"x".repeat(500)}`);
    writeFileSync(join(folder, "prose.txt"), "Dear reader,\nthese are no spans.\n");
    writeFileSync(join(folder, "secret.jsonl"), "{}\n");
    chmodSync(join(folder, "secret.jsonl"), 0);
  });

  const bad: readonly (readonly [store: string, says: RegExp])[] = [
    ["missing.db", /There is no file missing\.db\. \[STORE_NOT_FOUND\]/],
    [
      "folder",
      /folder is a folder without files of lines: none below it ends in \.jsonl\. \[STORE_UNREADABLE\]/,
    ],
    ["binary", /binary is neither an SQLite database nor text .*\[NOT_A_DATABASE\]/],
    [
      "packed.gz",
      /packed\.gz is packed; unpack it into the command, with - in its place: gzip -dc packed\.gz \| tracelight … - \[NOT_A_DATABASE\]/,
    ],
    ["cut.db", /cut\.db ends within the first bytes of an SQLite file \[STORE_CORRUPT\]/],
    ["damaged.db", /damaged\.db .*\[(STORE_CORRUPT|NOT_A_DATABASE)\]/],
    ["prose.txt", /prose\.txt has no line that can be read \(2 tried\)\. None is JSON \[INVALID_RECORD\]/],
  ];

  test.concurrent.each(bad)("%s", async (store, says) => {
    for (const command of ["ls", "export"]) {
      const { code, stdout, stderr } = await tracelight([command, store]);
      expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
      expect(stderr).toMatch(says);
      expect(stderr.split("\n")).toHaveLength(2);
    }
  });

  test("show names the file that it was given for an id", async () => {
    expect(await tracelight(["show", "missing.db"])).toEqual({
      ...{ code: 3, stdout: "" },
      stderr: "tracelight: There is no file missing.db. [STORE_NOT_FOUND]\n",
    });
  });

  test("a file of a newer release, or of somebody else, which is left as it was", async () => {
    const path = join(folder, "newer.db");
    expect((await tracelight(["import", "app.jsonl", "newer.db"])).code).toBe(0);
    change(path, "PRAGMA user_version = 99");
    change(join(folder, "other.db"), "CREATE TABLE pets (name)");
    for (const [store, code] of [
      ["newer.db", "STORE_NEWER"],
      ["other.db", "NOT_A_DATABASE"],
    ] as const) {
      const before = readFileSync(join(folder, store));
      for (const args of [
        ["ls", store],
        ["tail", store],
        ["import", "app.jsonl", store],
        ["prune", "--max-size", "1mb", store],
      ]) {
        const { code: exit, stdout, stderr } = await tracelight(args);
        expect({ exit, stdout }).toEqual({ exit: 3, stdout: "" });
        expect(stderr).toMatch(new RegExp(`^tracelight: .*\\[${code}\\]\n$`));
      }
      expect(readFileSync(join(folder, store)).equals(before)).toBe(true);
    }
  });

  function change(path: string, sql: string): void {
    const connection = sqliteDriver().open(path);
    connection.exec(sql);
    connection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    connection.close();
  }

  test.runIf(process.getuid?.() !== 0)("a file that may not be read", async () => {
    const { code, stderr } = await tracelight(["ls", "secret.jsonl"]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/secret\.jsonl cannot be read: .*\[STORE_UNREADABLE\]/);
  });
});

describe("nothing found is 1", () => {
  test.concurrent.each([
    ["an empty file", ["ls", "-"], ""],
    ["a log without spans", ["ls", "-"], '{"level":"INFO"}\n'],
    ["an unknown id", ["show", "zz", "app.jsonl"], ""],
    ["a word that nobody said", ["search", "xyzzy", "app.jsonl"], ""],
    ["a filter that holds for none", ["stats", "--where", "duration > 5d", "app.jsonl"], ""],
    ["a time when nothing was", ["export", "--until", "2001-01-01", "app.jsonl"], ""],
  ])("%s", async (_name, args, input) => {
    const { code, stdout, stderr } = await tracelight(args, { input });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).not.toBe("");
  });
});

describe("broken lines", () => {
  test("are counted and told once; the others are read", async () => {
    const line = recordLines(SPANS.slice(2, 3));
    const input = `\ufeff${line}{"trace_id": "x", "attributes": {}}\n\r\n${"[".repeat(100_000)}\n${line.slice(0, 90)}\n${"nope\n".repeat(5)}`;
    const { code, stdout, stderr } = await tracelight(["ls", "-"], { input });
    expect(code).toBe(0);
    expect(stdout).toContain("weather-1");
    expect(stderr).toContain(
      'standard input: 3 of 9 lines could not be read and were left out (lines 2, 4, 5). The record\'s "span_name" must be a string.',
    );
    expect(stderr.match(/could not be read/g)).toHaveLength(1);
  });
});

describe("colours", () => {
  const colored = async (args: readonly string[], env: Record<string, string>): Promise<boolean> =>
    (await tracelight(["ls", "app.jsonl", ...args], { env })).stdout.includes(ESCAPE);

  test("only where they are wanted: not in a pipe, but by --color or FORCE_COLOR", async () => {
    expect(await colored([], {})).toBe(false);
    expect(await colored(["--color"], { NO_COLOR: "1" })).toBe(true);
    expect(await colored([], { FORCE_COLOR: "1" })).toBe(true);
    expect(await colored([], { FORCE_COLOR: "0" })).toBe(false);
    expect(await colored(["--no-color"], { FORCE_COLOR: "1" })).toBe(false);
  });
});

describe("pipes", () => {
  test("a reader that goes is no failure", async () => {
    const many = Array.from({ length: 300 }, () => recordLines(SPANS)).join("");
    writeFileSync(join(folder, "many.jsonl"), many);
    const child = start(["export", "many.jsonl"]);
    child.stdout?.once("data", () => child.stdout?.destroy());
    expect(await outcomeOf(child)).toMatchObject({ code: 0, stderr: "" });
  });

  test.runIf(existsSync("/dev/full"))("a disk that is full is one, in one line", async () => {
    for (const args of [["export", "app.jsonl"], ["ls", "app.jsonl"], ["--help"]]) {
      const full = openSync("/dev/full", "w");
      const { code, stderr } = await outcomeOf(start(args, {}, full));
      closeSync(full);
      expect(code).toBe(3);
      expect(stderr).toMatch(/^tracelight: .* \[ENOSPC\]\n$/);
    }
  });

  test("a file that cannot be made is one", async () => {
    const { code, stderr } = await tracelight(["export", "app.jsonl", "--out", "none/out.jsonl"]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^tracelight: .*out\.jsonl cannot be written: ENOENT.* \[STORE_READ_ONLY\]\n$/);
  });

  test("Ctrl-C ends a command that waits for its input, with 130 and no word", async () => {
    const child = start(["ls", "-"]);
    const outcome = outcomeOf(child);
    // More than a pipe holds: it has begun to read, and it listens to signals before that.
    await new Promise<void>((resolve) => child.stdin?.write(" ".repeat(1 << 20), () => resolve()));
    child.kill("SIGINT");
    expect(await outcome).toEqual({ code: 130, stdout: "", stderr: "" });
  });
});
