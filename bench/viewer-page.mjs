// The figures of the page in a browser: `npm run bench -- viewer`. Chromium's own tracing counts frames, its own counters the heap.
// PARTS=trace,live takes some of them; FULL=1 leaves a page open for six minutes of ten times the speed, which is an hour.
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { withBrowser } from "./page/browser.mjs";
import { largeRows } from "./page/large.mjs";
import { leftOpenRows, liveRows } from "./page/live.mjs";
import { sizeRows } from "./page/sizes.mjs";
import { traceRows } from "./page/trace.mjs";

const isFull = process.env.FULL === "1";
const PARTS = {
  sizes: sizeRows,
  trace: traceRows,
  large: largeRows,
  live: (setup) => liveRows({ ...setup, seconds: Number(process.env.SECONDS ?? 60) }),
  open: (setup) => leftOpenRows({ ...setup, seconds: Number(process.env.SECONDS ?? (isFull ? 360 : 40)) }),
};
const wanted = process.env.PARTS?.split(",") ?? Object.keys(PARTS);

console.log(
  `Node ${process.version}, ${cpus().length} processors, load ${loadavg()[0].toFixed(1)}; where others use`,
);
console.log(
  "the machine, judge by the processor time: of the server and the page, or of the page's main thread in a frame.",
);
console.log("| what | figure | processor | bar | |\n| --- | --- | --- | --- | --- |");
await withBrowser(async (browser) => {
  for (const name of wanted) await part(PARTS[name], browser);
});

async function part(rowsOf, browser) {
  const folder = mkdtempSync(join(tmpdir(), "tracelight-bench-"));
  try {
    for (const row of await rowsOf({ browser, folder })) show(row);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function show({ what, figure, processor, bar, unit }) {
  const text = (number) => (number === undefined ? "" : `${rounded(number)} ${unit}`.trim());
  console.log(
    `| ${[what, text(figure), text(processor), bar === undefined ? "" : `<= ${bar}`, verdict(figure, processor, bar)].join(" | ")} |`,
  );
}

function verdict(figure, processor, bar) {
  if (bar === undefined) return "";
  if (figure <= bar) return "met";
  return processor <= bar ? "met by processor time" : "missed";
}

function rounded(number) {
  return Math.abs(number) < 100 ? Number(number.toPrecision(3)) : Math.round(number);
}
