import { AbpError } from '../../domain/error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Environment variables in capitals: code in a batch file has `${path}` of its own. */
const USUAL_NAME = /^[A-Z_][A-Z0-9_]*$/;

/** Values with their `${NAME}` replaced, and names of set variables that were used but not declared. */
export interface Substituted {
  readonly value: unknown;
  readonly undeclared: ReadonlySet<string>;
}

/**
 * Replaces `${NAME}` in the strings of a value, for declared names only; inserted text is not expanded again. Throws
 * AbpError `environment` when a declared variable is used and not set.
 */
export function substituteEnvironment(
  value: unknown,
  declared: readonly string[],
  environment: Environment,
): Substituted {
  const undeclared = new Set<string>();
  const replace = (text: string) =>
    text.replace(REFERENCE, (whole, name: string) => {
      if (!declared.includes(name)) {
        if (USUAL_NAME.test(name) && environment[name] !== undefined) undeclared.add(name);
        return whole;
      }
      const found = environment[name];
      if (found !== undefined) return found;
      throw new AbpError('environment', `The batch file uses \${${name}}, which is not set in the environment.`, {
        hint: `Set it for this command: ${name}=… abp run …`,
      });
    });
  const walk = (part: unknown): unknown => {
    if (typeof part === 'string') return replace(part);
    if (Array.isArray(part)) return part.map(walk);
    if (part === null || typeof part !== 'object') return part;
    return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, walk(inner)]));
  };
  return { value: walk(value), undeclared };
}
