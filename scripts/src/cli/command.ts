import { parseArgs, type ParseArgsConfig } from 'node:util';
import { ConfigError } from '@restante/service-kit';
import { z } from 'zod';

/** What a command gets from the program that runs it. */
export type CommandContext = {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Writes a line to standard output. */
  readonly print: (line: string) => void;
  /** Writes a line to standard error. */
  readonly complain: (line: string) => void;
  /** Writes to standard output as it is: for progress bars and screens, when {@link isTerminal}. */
  readonly paint: (text: string) => void;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
};

export type Command = {
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: string;
  /** Resolves with the exit code. */
  readonly run: (context: CommandContext) => Promise<number>;
};

/** The command was called in a way that it does not know. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Reads a command's options.
 *
 * @throws UsageError naming the option that is unknown or has a bad value
 */
export const readOptions = <S extends z.ZodObject>(
  args: readonly string[],
  options: NonNullable<ParseArgsConfig['options']>,
  schema: S,
): z.infer<S> => {
  let values: unknown;
  try {
    ({ values } = parseArgs({ args: [...args], options, strict: true, allowPositionals: false }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'bad arguments');
  }
  const result: z.ZodSafeParseResult<z.infer<S>> = z.safeParse(schema, values);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new UsageError(`--${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'bad value'}`);
};

/** `fetch` says no more than "fetch failed": its cause says why. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
};

/** Runs a command: `--help`, and errors in one line. Resolves with the exit code. */
export const runCommand = async (command: Command, context: CommandContext): Promise<number> => {
  if (context.args.includes('--help') || context.args.includes('-h')) {
    context.print(command.help.trim());
    return 0;
  }
  try {
    return await command.run(context);
  } catch (error) {
    if (context.signal.aborted) return 130;
    context.complain(reasonOf(error));
    return error instanceof UsageError || error instanceof ConfigError ? 2 : 1;
  }
};
