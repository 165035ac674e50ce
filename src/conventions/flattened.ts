// Lists and objects that are spread over one attribute a field: `llm.input_messages.0.message.role`.

/** A part of a name: the value of the attribute with that name, and the names that go on. */
export interface Branch {
  readonly value: unknown;
  readonly below: ReadonlyMap<string, Branch>;
}

/** Names of more parts than this are no fields. */
const MAX_PARTS = 32;
const NOTHING: Branch = { value: undefined, below: new Map() };

interface Growing {
  value: unknown;
  readonly below: Map<string, Growing>;
}

/** What attributes say below a prefix. The work is by the attributes that are there, whatever their numbers. */
export function branchOf(attributes: Readonly<Record<string, unknown>>, prefix: string): Branch {
  const root: Growing = { value: attributes[prefix], below: new Map() };
  const start = `${prefix}.`;
  for (const key of Object.keys(attributes)) {
    if (key.startsWith(start)) grow(root, key.slice(start.length).split(".", MAX_PARTS), attributes[key]);
  }
  return root;
}

function grow(root: Growing, path: readonly string[], value: unknown): void {
  let at = root;
  for (const name of path) {
    const next = at.below.get(name) ?? { value: undefined, below: new Map() };
    at.below.set(name, next);
    at = next;
  }
  at.value = value;
}

/** What lies at a path such as `message.role`; an empty branch where nothing does. */
export function at(branch: Branch, path: string): Branch {
  let found: Branch | undefined = branch;
  for (const name of path.split(".")) found = found?.below.get(name);
  return found ?? NOTHING;
}

/** The items of a list, by their numbers. */
export function itemsOf(branch: Branch): readonly Branch[] {
  return [...branch.below]
    .filter(([name]) => /^\d{1,15}$/.test(name))
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, item]) => item);
}
