// What the worker of a timeline answers: the first spans before all, and what went wrong.
import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { ProblemJson, TraceJson } from "../../src/viewer/api.ts";
import { Problem } from "../../web/app/problem.ts";
import { LayingOut, type LayoutAnswer } from "../../web/trace/laying-out.ts";
import { START, traceOf } from "./trace-json.ts";

describe("reading a trace", () => {
  it("answers the first spans, then all", async () => {
    const answers = await answersTo({
      first: traceOf({ spans: 2, whole: false }),
      all: traceOf({ spans: 5 }),
    });
    expect(answers.map(spansOf)).toEqual([2, 5]);
    expect(answers.map((answer) => "model" in answer && answer.model.whole)).toEqual([false, true]);
  });

  it("asks once where the first are all", async () => {
    expect((await answersTo({ first: traceOf({ spans: 3 }) })).map(spansOf)).toEqual([3]);
  });

  it("says why the others could not be read, behind the first", async () => {
    const [first, second, ...more] = await answersTo({ first: traceOf({ spans: 2, whole: false }) });
    expect(first && spansOf(first)).toBe(2);
    expect(second).toMatchObject({ problem: { message: "nothing there", details: { status: 404 } } });
    expect(more).toEqual([]);
  });
});

it("shows no earlier moment than before when a reading was asked for before something grew", async () => {
  const began = Date.parse(START);
  const moments: (number | undefined)[] = [];
  const laying = new LayingOut(
    async () => ({ ...traceOf({ spans: 2 }), running: [0] }),
    (answer) => moments.push("model" in answer ? answer.model.now : undefined),
  );
  laying.take({ id: 1, url: "all", now: began + 1000 });
  await setImmediate();
  laying.take({ id: 2, url: "all", now: began + 2000 });
  laying.take({ id: 0, changes: [], now: began + 3000 });
  await setImmediate();
  expect(moments).toEqual([1000, 3000, 3000]);
});

/** What is sent before all is done, where the server has these. */
async function answersTo(has: {
  readonly first?: TraceJson;
  readonly all?: TraceJson;
}): Promise<LayoutAnswer[]> {
  const sent: LayoutAnswer[] = [];
  const read = async (url: string): Promise<TraceJson> => {
    const json = url === "first" ? has.first : has.all;
    if (json === undefined) throw new Problem("nothing there", NOT_FOUND);
    return json;
  };
  await new Promise<void>((resolve) => {
    const laying = new LayingOut(read, (answer) => {
      sent.push(answer);
      if (!("model" in answer) || answer.model.whole) resolve();
    });
    laying.take({ id: 1, firstUrl: "first", url: "all", now: 0 });
  });
  return sent;
}

const NOT_FOUND: ProblemJson = {
  title: "Not found",
  status: 404,
  code: "NOT_FOUND",
  detail: "nothing there",
};

function spansOf(answer: LayoutAnswer): number {
  return "model" in answer ? answer.model.spans : -1;
}
