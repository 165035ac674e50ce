// Packages that a bundle has not taken in, since they are native, for development only or left out: looked for when they are needed.

/** A package that was found. */
export interface Installed {
  readonly path: string;
  /** What it exports, or an ES module's namespace. */
  readonly module: unknown;
}

/**
 * Requires a package as it lies beside this file, be that the package's own or a bundle, or else beside the program that runs.
 * Throws what `require` throws. Never looks in the working folder: what lies there may be anybody's.
 */
export function requireInstalled(name: string): Installed {
  const { createRequire } = process.getBuiltinModule("node:module");
  let failure: unknown;
  for (const place of places()) {
    try {
      const require = createRequire(place);
      const path = require.resolve(name);
      return { path, module: require(path) };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Of the first two, Node and each bundler leave one: CommonJS has no `import.meta.url`, and webpack's is a path of the machine that bundled. */
function places(): readonly string[] {
  return [ownFile(), import.meta.url, process.argv[1]].filter((place) => place !== undefined);
}

/** Webpack says that there is one where there is none. */
function ownFile(): string | undefined {
  try {
    return __filename;
  } catch {
    return undefined;
  }
}
