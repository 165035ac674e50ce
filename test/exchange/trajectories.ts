// Trajectories of ATIF that the tests draw: everything that its fields may hold.
import fc from "fast-check";
import { trickyKeys } from "../model/arbitraries.ts";

const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom("", "日本\n", "[1]", '{"a": 1}', "\ud800"),
);
const key = fc.oneof(fc.constantFrom(...trickyKeys), fc.string({ maxLength: 4 }));
const { json } = fc.letrec<{ json: unknown; list: unknown; object: object }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.oneof(
      text,
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
    ),
    tie("list"),
    tie("object"),
  ),
  list: fc.array(tie("json"), { maxLength: 3 }),
  object: fc.dictionary(key, tie("json"), { maxKeys: 3, noNullPrototype: true }),
}));
const object = fc.dictionary(key, json, { maxKeys: 3, noNullPrototype: true });
const count = fc.nat(1e6);

const part = fc.oneof(
  fc.record({ type: fc.constant("text"), text }),
  fc.record({
    type: fc.constant("image"),
    source: fc.record({
      media_type: fc.constantFrom("image/png", "image/jpeg", "image/gif", "image/webp"),
      path: fc.constantFrom("images/1.png", "https://example.test/1.png"),
    }),
  }),
);
const content = fc.oneof(text, fc.array(part, { maxLength: 3 }));
const timestamp = fc
  .date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
  .chain((date) => fc.constantFrom(date.toISOString(), date.toISOString().replace("Z", "+02:00")));

/** Fields that may be absent. */
function some<T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) {
  return fc.record(fields, { requiredKeys: [] });
}

const metrics = some({
  ...{ prompt_tokens: count, completion_tokens: count, cached_tokens: count, extra: object },
  cost_usd: fc.double({ min: 0, max: 9, noNaN: true }),
  prompt_token_ids: fc.array(count, { maxLength: 3 }),
  completion_token_ids: fc.array(count, { maxLength: 3 }),
  logprobs: fc.array(fc.double({ max: 0, min: -20, noNaN: true }), { maxLength: 3 }),
});

const toolCall = fc
  .tuple(fc.record({ function_name: text, arguments: object }), some({ extra: object }))
  .map(([call, more]) => ({ ...call, ...more }));

interface Ids {
  readonly subs: readonly string[];
}

const references = ({ subs }: Ids) =>
  fc.array(
    fc.oneof(
      ...(subs.length === 0 ? [] : [fc.record({ trajectory_id: fc.constantFrom(...subs) })]),
      fc.record({ trajectory_path: fc.constant("sub.json"), session_id: text, extra: object }),
    ),
    { maxLength: 2 },
  );

const observation = (ids: Ids, calls: readonly string[]) =>
  fc.record({
    results: fc.array(
      some({
        ...(calls.length === 0 ? {} : { source_call_id: fc.constantFrom(...calls) }),
        ...{ content: fc.oneof(content, fc.constant(null)), subagent_trajectory_ref: references(ids) },
      }),
      { maxLength: 4 },
    ),
  });

const common = some({ timestamp, is_copied_context: fc.boolean(), extra: object });

const agentStep = (ids: Ids) =>
  fc.array(toolCall, { maxLength: 3 }).chain((list) => {
    const calls = list.map((call, i) => ({ tool_call_id: `call ${i}`, ...call }));
    const heard = observation(
      ids,
      calls.map(({ tool_call_id }) => tool_call_id),
    );
    const said = some({
      ...{
        model_name: text,
        reasoning_content: text,
        metrics,
        llm_call_count: fc.integer({ min: 1, max: 3 }),
      },
      ...{ reasoning_effort: fc.oneof(text, fc.nat(9)), observation: heard },
      tool_calls: fc.constant(calls),
    });
    const unsaid = some({ observation: observation(ids, []), llm_call_count: fc.constant(0) });
    const more =
      calls.length === 0 ? fc.oneof(said, unsaid) : said.map((one) => ({ ...one, tool_calls: calls }));
    return fc
      .tuple(fc.record({ source: fc.constant("agent"), message: content }), common, more)
      .map(([one, some, rest]) => ({ ...one, ...some, ...rest }));
  });

const otherStep = (ids: Ids) =>
  fc
    .tuple(
      fc.record({ source: fc.constantFrom("user", "system"), message: content }),
      common,
      some({ observation: observation(ids, []) }),
    )
    .map(([one, some, rest]) => ({ ...one, ...some, ...rest }));

const agent = fc
  .tuple(
    fc.record({ name: text, version: text }),
    some({ model_name: text, tool_definitions: fc.array(object, { maxLength: 2 }), extra: object }),
  )
  .map(([one, more]) => ({ ...one, ...more }));

/** A trajectory, with sub-agents down to the depth. */
export function trajectories(depth: number = 2): fc.Arbitrary<object> {
  const subs = fc.array(depth === 0 ? fc.constant({}) : trajectories(depth - 1), {
    maxLength: depth === 0 ? 0 : 2,
  });
  return subs.chain((list) => {
    const embedded = list.map((sub, i) => ({ ...sub, trajectory_id: `sub ${i}` }));
    const ids = { subs: embedded.map(({ trajectory_id }) => trajectory_id) };
    const steps = fc
      .array(fc.oneof(agentStep(ids), otherStep(ids)), { minLength: 1, maxLength: 5 })
      .map((some) => some.map((step, i) => ({ step_id: i + 1, ...step })));
    const totals = some({
      ...{ total_prompt_tokens: count, total_completion_tokens: count, total_cached_tokens: count },
      ...{
        total_steps: count,
        extra: object,
        total_cost_usd: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
      },
    });
    const rest = some({
      ...{ session_id: text, trajectory_id: text, notes: text, continued_trajectory_ref: text },
      ...{ final_metrics: totals, extra: object, subagent_trajectories: fc.constantFrom([], null) },
    });
    return fc
      .tuple(fc.record({ schema_version: fc.constant("ATIF-v1.7"), agent, steps }), rest)
      .map(([one, more]) => ({
        ...one,
        ...more,
        ...(embedded.length === 0 ? {} : { subagent_trajectories: embedded }),
      }));
  });
}
