/** Tells, once for each time that it happens, that this process can open no file and take no connection any more. */
import { open } from 'node:fs/promises';
import { devNull } from 'node:os';
import type { Log } from './log.ts';

const lookEveryMs = 1_000;
/** At the limit single files come free all the time: it is over when so many looks in a row found some. */
const calmLooks = 10;

/** The system drops connections then, and nobody but this look is told. It keeps no process alive. */
export function watchOpenFiles(log: Log): void {
  let looksUntilOver = 0;
  const look = async (): Promise<void> => {
    try {
      await (await open(devNull)).close();
      if (looksUntilOver > 0 && (looksUntilOver -= 1) === 0) log('files can be opened again', {});
    } catch (failure) {
      const { code } = failure as NodeJS.ErrnoException;
      if (code !== 'EMFILE' && code !== 'ENFILE') return;
      const advice = 'raise the limit of open files (ulimit -n), or find out who holds so many connections';
      if (looksUntilOver === 0) log('too many open files', { code, advice });
      looksUntilOver = calmLooks;
    }
  };
  setInterval(() => void look(), lookEveryMs).unref();
}
