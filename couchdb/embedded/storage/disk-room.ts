/** Tells a full disk before LevelDB runs into its end. */
import { statfs } from 'node:fs/promises';

/** What is left to LevelDB itself, which rewrites its files while it runs. */
const reserveBytes = 8 * 1024 * 1024;

/** Whether there is room to write in the file system of a folder. */
export async function hasRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize >= reserveBytes;
}
