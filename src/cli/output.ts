// The two streams of a run: data on standard output, talk on standard error; colours only where they are seen.

import { escapeText } from "../model/escape.ts";
import { type Color, inColor, type Paint, plain, wantsColor } from "../render/color.ts";
import { ReaderGone } from "./failures.ts";
import type { TerminalStream, World } from "./world.ts";

/** So many characters are gathered before they are written. */
const CHUNK = 64 * 1024;
const PIPE_WIDTH = 120;
const MIN_WIDTH = 40;
const PROGRESS_EVERY_MS = 100;

/** Writes what a run has to say. */
export class Output {
  readonly #world: World;
  #wantsColor: boolean | undefined;
  #waiting = "";
  #failure: Error | undefined;
  #progress = "";
  #progressAt = Number.NEGATIVE_INFINITY;

  constructor(world: World) {
    this.#world = world;
    world.stdout.on("error", (error: Error) => this.#failed(error));
    // Talk that nobody can hear is no reason to stop.
    world.stderr.on("error", () => undefined);
  }

  /** Does as `--color` or `--no-color` says; undefined leaves it to the environment and the terminal. */
  chooseColor(wanted: boolean | undefined): void {
    this.#wantsColor = wanted;
  }

  /** Puts data in colour, or not. */
  get paint(): Paint {
    return this.#isColored(this.#world.stdout) ? inColor : plain;
  }

  /** Columns of a line. */
  get width(): number {
    const columns = this.#world.stdout.columns || Number(this.#world.env["COLUMNS"] || PIPE_WIDTH);
    return Number.isFinite(columns) ? Math.max(MIN_WIDTH, Math.floor(columns)) : PIPE_WIDTH;
  }

  /** True where a person watches the talk. */
  get isWatched(): boolean {
    return this.#world.stderr.isTTY === true;
  }

  /** Takes data, to be written with the next of it or at the end. */
  push(text: string): void {
    this.#waiting += text;
  }

  /** Takes a line of data; resolves when there is room for more. */
  line(text: string): Promise<void> {
    return this.write(`${text}\n`);
  }

  /** Takes data; resolves when there is room for more. */
  async write(text: string): Promise<void> {
    this.#waiting += text;
    if (this.#waiting.length >= CHUNK) await this.flush();
  }

  /** Writes all data that was taken. Rejects where it cannot be written. */
  async flush(): Promise<void> {
    const text = this.#waiting;
    this.#waiting = "";
    if (this.#failure !== undefined) throw this.#failure;
    if (text === "") return;
    this.#clearProgress();
    await new Promise<void>((resolve, reject) => {
      this.#world.stdout.write(text, (error) => (error ? reject(this.#failed(error)) : resolve()));
    });
  }

  #failed(error: Error): Error {
    this.#failure ??= isPipeClosed(error) ? new ReaderGone() : error;
    return this.#failure;
  }

  /** Talk: after the data that was taken, one line, escaped. */
  async say(text: string, color?: Color): Promise<void> {
    await this.flush();
    this.talk(text, color);
  }

  /** Talk, whatever became of the data: a line, or several, each escaped. */
  talk(text: string | readonly string[], color?: Color): void {
    this.#clearProgress();
    const lines = (typeof text === "string" ? [text] : text).map(escapeText);
    const paint = color !== undefined && this.#isColored(this.#world.stderr) ? inColor : plain;
    this.#world.stderr.write(`${lines.map((line) => paint(color ?? "grey", line)).join("\n")}\n`);
  }

  /** Shows how far the work is, in one line that comes and goes; only where a person watches. */
  progress(text: () => string): void {
    if (!this.isWatched || performance.now() - this.#progressAt < PROGRESS_EVERY_MS) return;
    this.#progressAt = performance.now();
    this.#progress = escapeText(text()).slice(0, Math.max(0, (this.#world.stderr.columns || PIPE_WIDTH) - 1));
    this.#world.stderr.write(`\r\u001b[K${this.#progress}`);
  }

  #clearProgress(): void {
    if (this.#progress !== "") this.#world.stderr.write("\r\u001b[K");
    this.#progress = "";
  }

  #isColored(stream: TerminalStream): boolean {
    return this.#wantsColor ?? wantsColor(this.#world.env, stream);
  }
}

function isPipeClosed(error: Error): boolean {
  return "code" in error && (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED");
}
