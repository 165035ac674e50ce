// Which span above another is the nearest of a kind.

/** Gives the nearest above that holds. Each step up is made once for all, and those that are their own ancestors have none. */
export function nearestAbove<S>(
  parents: ReadonlyMap<S, S>,
  holds: (span: S) => boolean,
): (span: S) => S | undefined {
  const known = new Map<S, S | undefined>();
  return (span) => {
    const path: S[] = [];
    const onPath = new Set<S>();
    let at = span;
    let found: S | undefined;
    for (;;) {
      if (known.has(at)) {
        found = known.get(at);
        break;
      }
      path.push(at);
      onPath.add(at);
      const parent = parents.get(at);
      if (parent === undefined || onPath.has(parent)) break;
      if (holds(parent)) {
        found = parent;
        break;
      }
      at = parent;
    }
    for (const one of path) known.set(one, found);
    return found;
  };
}
