import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A file system of its own for a folder, small enough to be filled. */
export type SmallDisk = AsyncDisposable & {
  /** Takes all room but so many bytes. */
  readonly fill: (leaveBytes?: number) => Promise<void>;
  /** Gives it back. */
  readonly clear: () => Promise<void>;
};

const run = promisify(execFile);
const MEGABYTE = 1024 * 1024;
const ATTEMPTS = 20;

const mount = (folder: string, megabytes: number): Promise<unknown> =>
  run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
/** With the owners and rights of the folder and of all that is in it. */
const copyWhole = (from: string, to: string): Promise<unknown> => run('cp', ['--archive', `${from}/.`, to]);
/** What is still open in it may be closed later. */
const unmount = (folder: string): Promise<unknown> => run('umount', ['--lazy', folder]);

/** Why this process cannot mount a {@link SmallDisk}, or null when it can. */
export const smallDiskHindrance = async (): Promise<string | null> => {
  const folder = await mkdtemp(join(tmpdir(), 'restante-mount-'));
  try {
    await mount(folder, 1);
    await unmount(folder);
    return null;
  } catch {
    return 'mounting is not permitted here';
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Puts a small disk under a folder, with all that is in it. Nobody may have the folder open. */
export const mountSmallDisk = async (folder: string, megabytes: number): Promise<SmallDisk> => {
  await mkdir(folder, { recursive: true });
  const copy = await mkdtemp(join(tmpdir(), 'restante-disk-'));
  await copyWhole(folder, copy);
  await mount(folder, megabytes);
  await copyWhole(copy, folder);
  await rm(copy, { recursive: true });
  const resize = async (bytes: number): Promise<void> => {
    await run('mount', ['-o', `remount,size=${bytes}`, folder]);
  };
  return {
    fill: async (leaveBytes = 0) => {
      for (let attempt = 1; ; attempt += 1) {
        const { blocks, bfree, bsize } = await statfs(folder);
        try {
          // Zero would be without a bound.
          await resize(Math.max((blocks - bfree) * bsize + leaveBytes, bsize));
          return;
        } catch (error) {
          // Whoever has written at the same moment has more than is left to it: the disk takes no size below that.
          if (attempt === ATTEMPTS) throw error;
        }
      }
    },
    clear: () => resize(megabytes * MEGABYTE),
    [Symbol.asyncDispose]: async () => {
      await unmount(folder);
    },
  };
};
