import { open } from 'node:fs/promises';
import { devNull } from 'node:os';
import type { Logger } from './log.ts';
import { startLoop, type Loop } from './loop.ts';

const LOOK_EVERY_MS = 1_000;
/** So many looks in a row find files again before it is over: at the limit, single ones come free all the time. */
const CALM_LOOKS = 10;

const isOutOfFiles = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');

/**
 * Tells, once for each time that it happens, that this process can open no file and take no connection any more: the
 * system drops connections then without a word to it, and what fails for it names everything but the cause.
 */
export const watchOpenFiles = (log: Logger, everyMs = LOOK_EVERY_MS): Loop => {
  let looksUntilOver = 0;
  return startLoop('open-files', log, { intervalMs: everyMs }, async () => {
    try {
      await (await open(devNull)).close();
    } catch (error) {
      if (!isOutOfFiles(error)) throw error;
      if (looksUntilOver === 0) {
        log.error(
          { event: 'open-files-exhausted', code: error.code },
          'too many open files: connections are dropped and files do not open. Raise the limit of open files of this ' +
            'service (ulimit -n, LimitNOFILE, ulimits.nofile), or find out who holds so many connections',
        );
      }
      looksUntilOver = CALM_LOOKS;
      return;
    }
    if (looksUntilOver === 0) return;
    looksUntilOver -= 1;
    if (looksUntilOver === 0) log.warn({ event: 'open-files-recovered' }, 'files can be opened again');
  });
};
