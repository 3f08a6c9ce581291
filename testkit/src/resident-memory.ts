import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Resident memory of a process in MB (10^6 bytes), as `ps` has it. */
export const residentMemoryMb = async (pid: number): Promise<number> => {
  const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
  return (Number(stdout) * 1024) / 1e6;
};

/** A line of `/proc/<pid>/status` in MB; all resident memory where there is none, as on other systems than Linux. */
const statusMb = async (pid: number, line: 'RssAnon' | 'VmHWM'): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = new RegExp(`^${line}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return kib === undefined ? residentMemoryMb(pid) : (Number(kib) * 1024) / 1e6;
};

/**
 * As `residentMemoryMb` without the pages of files, which the kernel takes back when it needs them: LevelDB maps its
 * tables, so those pages follow the size of the data. On other systems than Linux they are not told apart.
 */
export const anonymousMemoryMb = (pid: number): Promise<number> => statusMb(pid, 'RssAnon');

/** The most resident memory that a process has had, in MB; as much as it has now where that is not told. */
export const peakMemoryMb = (pid: number): Promise<number> => statusMb(pid, 'VmHWM');
