// What the worker of a timeline answers: the first spans before all, and what went wrong.
import { describe, expect, it } from "vitest";
import type { ProblemJson, TraceJson } from "../../src/viewer/api.ts";
import { Problem } from "../../web/app/problem.ts";
import { LayingOut, type LayoutAnswer } from "../../web/trace/laying-out.ts";
import { traceOf } from "./trace-json.ts";

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
