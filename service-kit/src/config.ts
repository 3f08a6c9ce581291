import { z } from 'zod';

/** The environment does not fit the schema. The message names every bad variable and no value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads a service's variables from the environment. An empty variable counts as missing.
 *
 * @throws ConfigError naming every bad variable at once
 */
export const readEnvironment = <S extends z.ZodObject>(
  schema: S,
  environment: Readonly<Record<string, string | undefined>>,
): z.infer<S> => {
  const given: Record<string, unknown> = Object.fromEntries(
    Object.keys(schema.shape)
      .map((name) => [name, environment[name]] as const)
      .filter(([, value]) => value !== undefined && value !== ''),
  );
  const result: z.ZodSafeParseResult<z.infer<S>> = z.safeParse(schema, given);
  if (result.success) return result.data;
  throw new ConfigError(`The configuration is not complete:\n${z.prettifyError(result.error)}`);
};
