// The example that the page of a store without spans leads to: a store of its own, which nothing is written to, and which nobody reaches
// who may not ask the viewer.
import { expect, it } from "vitest";
import { json, memory, raw, served } from "./support.ts";

it("is a day of a travel agent, just now, while the store stays empty", async () => {
  const { url } = await served(memory());
  expect(await json(`${url}example/api/store`)).toMatchObject({
    kind: "example",
    read_only: true,
    is_empty: false,
  });
  const { rows } = await json(`${url}example/api/rows?limit=200`);
  expect(rows.key).toContain("trip-1042");
  expect(rows.key.length).toBe(43);
  const latest = Math.max(...rows.latest_at.map((at: string) => Date.parse(at)));
  expect(latest).toBeLessThanOrEqual(Date.now());
  expect(Date.now() - latest).toBeLessThan(3_600_000);
  expect(await json(`${url}api/store`)).toMatchObject({ is_empty: true });
  const page = await raw(`${url}example/`, {});
  expect(page.text).toContain('/example/"');
});

it("takes nothing, has no example within, and asks for the token", async () => {
  const { url } = await served(memory(), { token: "a token of many characters".replaceAll(" ", "-") });
  expect((await raw(`${url}example/api/rows`, {})).status).toBe(401);
  const authorization = { authorization: "Bearer a-token-of-many-characters" };
  expect((await raw(`${url}example/api/rows`, authorization)).status).toBe(200);
  const sent = await raw(`${url}example/v1/traces`, authorization, { method: "POST", body: "{}" });
  expect(sent.status).toBe(403);
  expect((await raw(`${url}example/example/api/rows`, authorization)).headers["content-type"]).toContain(
    "text/html",
  );
});
