import { readFile } from 'node:fs/promises';

/** Linux tells processor time in hundredths of a second (USER_HZ), whatever its own clock. */
const TICKS_PER_SECOND = 100;

/** Seconds of processor time, user and system, that a process has used since its start. Linux only. */
export const cpuSeconds = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch((cause: unknown) => {
    throw new Error('processor time is read from /proc, which only Linux has', { cause });
  });
  // The name of the program, in parentheses, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11]), Number(fields[12])];
  return (user + system) / TICKS_PER_SECOND;
};
