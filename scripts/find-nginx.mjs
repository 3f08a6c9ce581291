// Plain JavaScript: it also runs before the dependencies are there, on whatever Node the machine has.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian has it, which is in the PATH of root alone. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/**
 * The nginx of this machine, or null: one in PATH or in a system folder.
 *
 * @returns {string | null}
 */
export const findNginx = () =>
  [...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...SYSTEM_FOLDERS]
    .map((folder) => join(folder, 'nginx'))
    .find((path) => existsSync(path)) ?? null;
