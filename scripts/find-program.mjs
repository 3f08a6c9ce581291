// Plain JavaScript: it also runs before the dependencies are there, on whatever Node the machine has.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian has servers, which is in the PATH of root alone. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/**
 * A program of this machine, or null: one in PATH or in a system folder.
 *
 * @param {string} name
 * @returns {string | null}
 */
export const findProgram = (name) =>
  [...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...SYSTEM_FOLDERS]
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path)) ?? null;
