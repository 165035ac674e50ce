// One person's page: nothing of another's is in any answer.
import { createViewer } from "tracelight/viewer";
import { describe, expect, test } from "vitest";
import { spanIdsIn } from "../../src/viewer/api.ts";
import { converse, json, memory, raw, served, sqlite } from "./support.ts";

describe.each([
  ["SQLite", sqlite],
  ["memory", memory],
])("over %s", (_name, make) => {
  test("another person's ids, words and spans are in no answer", async () => {
    const tracer = make();
    converse(tracer, { id: "hers", user: "alice", words: "Where is the aquamarine?" });
    converse(tracer, { id: "his", user: "bob", words: "Where is the zinnia?" });
    const all = await served(tracer);
    const { url } = await served(tracer, { principal: "alice" });
    const idsOf = async (key: string): Promise<{ trace: string; span: string }> => {
      const { turns } = await json(`${all.url}api/conversations/${key}`);
      const trace = turns[0].trace_id;
      return { trace, span: spanIdsIn(await json(`${all.url}api/traces/${trace}`))[1] ?? "" };
    };
    const [hers, his] = [await idsOf("hers"), await idsOf("his")];

    const own = [
      "api/conversations/hers",
      "api/conversations/hers/turns/1",
      `api/traces/${hers.trace}`,
      `api/traces/${hers.trace}/spans/${hers.span}`,
      `api/traces/${hers.trace}/spans/${hers.span}/value?path=/record`,
      `api/export?trace=${hers.trace}`,
      "api/search?q=aquamarine",
    ];
    const others = own.map((path) =>
      path.replace("hers", "his").replace(hers.trace, his.trace).replace(hers.span, his.span),
    );
    for (const path of own) {
      const answer = await raw(url + path, {});
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.text.length).toBeGreaterThan(100);
    }
    const everywhere = [
      ...[
        "api/store",
        "api/rows",
        "api/rows?by=trace",
        "api/overview",
        "api/numbers?by=user",
        "api/numbers?by=tool",
      ],
      ...[
        "api/complete",
        "api/complete?name=ai.user.input",
        "api/complete?name=ai.auth.context",
        "api/export",
      ],
      ...["api/search?q=zinnia", `api/rows?where=${encodeURIComponent('ai.user.input contains "zinnia"')}`],
      `api/rows?where=${encodeURIComponent('ai.user.input contains "zinnia" or not failed')}`,
      `api/traces/${his.trace}/glances?spans=${his.span}`,
    ];
    for (const path of [...others, ...everywhere]) {
      const { text } = await raw(url + path, {});
      expect([path, text]).toEqual([path, expect.not.stringMatching(/zinnia|bob|"his"/)]);
      expect(text).not.toContain(his.trace === path.split("/")[2] ? `"${his.trace}"` : his.trace);
    }
    expect((await json(`${url}api/rows`)).rows.key).toEqual(["hers"]);
    expect((await json(`${url}api/numbers?by=user`)).total).toMatchObject({ traces: 1, model_calls: 3 });
  });

  test("a filter that would close a parenthesis of ours is refused", async () => {
    const tracer = make();
    converse(tracer, { id: "his", user: "bob" });
    const { url } = await served(tracer, { principal: "alice" });
    for (const where of ['name = "x") or (name != "x"', 'name = "x"))or((name != "x"']) {
      expect((await raw(`${url}api/rows?where=${encodeURIComponent(where)}`, {})).status).toBe(400);
      expect((await raw(`${url}api/export?where=${encodeURIComponent(where)}`, {})).status).toBe(400);
    }
  });

  test("a conversation of several people shows each their own part", async () => {
    const tracer = make();
    converse(tracer, { id: "shared", user: "alice", words: "Where is the aquamarine?" });
    converse(tracer, { id: "shared", user: "bob", words: "Where is the zinnia?" });
    const { url } = await served(tracer, { principal: "bob" });
    const { rows } = await json(`${url}api/rows`);
    expect(rows).toMatchObject({ key: ["shared"], title: ["Where is the zinnia?"], errors: [1] });
    expect((await json(`${url}api/conversations/shared`)).turns).toHaveLength(1);
  });

  test("of live changes only their own come", async () => {
    const tracer = make();
    const viewer = createViewer(tracer, { principal: "alice" });
    const { body } = await viewer(new Request("http://localhost/api/live"));
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
    let seen = (await reader?.read())?.value ?? "";
    converse(tracer, { id: "his", user: "bob" });
    converse(tracer, { id: "hers", user: "alice" });
    while (!seen.includes('"hers"')) seen += (await reader?.read())?.value ?? "";
    await reader?.cancel();
    expect(seen).not.toMatch(/"his"|bob/);
  });

  test("nothing is written through it", async () => {
    const { url } = await served(make(), { principal: "alice" });
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ resourceSpans: [] });
    expect((await raw(`${url}v1/traces`, headers, { method: "POST", body })).status).toBe(403);
  });
});

test("a store that does not tell of changes is not looked through again and again for one person", async () => {
  const viewer = createViewer({ name: "silent", find: () => [] }, { principal: "alice" });
  expect((await viewer(new Request("http://localhost/api/live"))).status).toBe(501);
});
