import { ConfigError } from './config.ts';
import { createLog } from './log.ts';
import { watchOpenFiles } from './open-files.ts';

const STOP_DEADLINE_MS = 20_000;

/**
 * Runs a service until SIGINT or SIGTERM, for `main.ts`. A failed start prints why and exits with 1, with 2 when
 * it is the configuration. When the stop takes longer than its deadline, or a second signal comes, the process ends with 1.
 *
 * With `EXIT_WITH_PARENT=1` the end of standard input counts as SIGTERM, so that no service outlives the terminal
 * or test that started it. `name` is the service's in the log of what concerns the whole process.
 */
export const runService = async (name: string, start: () => Promise<AsyncDisposable>): Promise<void> => {
  let service: AsyncDisposable;
  try {
    service = await start();
  } catch (error) {
    const expected = error instanceof ConfigError || (error instanceof Error && 'code' in error);
    process.stderr.write(
      `${expected ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
    );
    process.exit(error instanceof ConfigError ? 2 : 1);
  }
  watchOpenFiles(createLog(name, 'info'));
  let stopping = false;
  const stop = (): void => {
    if (stopping) process.exit(1);
    stopping = true;
    setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
    service[Symbol.asyncDispose]().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`stop failed: ${error instanceof Error ? error.message : 'unknown'}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  if (process.env['EXIT_WITH_PARENT'] === '1') process.stdin.resume().on('end', stop).on('error', stop);
};
