// Objects without what is undefined: a field is there only where it says something.

/** The fields that may be undefined are optional, and never are. */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * `fields`, whose names are the code's own, without those that are undefined; as a new object. Three or more take no longer than
 * a conditional spread for each, six a tenth of the time; for one field of what is done for each span a spread is faster by some 30 ns.
 */
export function defined<const T extends object>(fields: T): Defined<T>;
export function defined(fields: Readonly<Record<string, unknown>>): object {
  const left: Record<string, unknown> = {};
  for (const name in fields) if (fields[name] !== undefined) left[name] = fields[name];
  return left;
}
