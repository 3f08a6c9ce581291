import { readdir, readFile, readlink } from 'node:fs/promises';

const LOCAL = new Set(['localhost', '127.0.0.1', '[::1]']);
/** The state LISTEN in `/proc/net/tcp`. */
const LISTEN = '0A';
/** The program that an Apache CouchDB is. A proxy that listens for one elsewhere is none. */
const ERLANG = 'beam.smp';

const listeningSocket = async (port: number): Promise<string | null> => {
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const rows = (await readFile(table, 'utf8').catch(() => '')).split('\n');
    for (const row of rows) {
      const [, local, , state, , , , , , inode] = row.trim().split(/\s+/);
      if (state !== LISTEN || inode === undefined) continue;
      if (parseInt(local?.split(':').at(-1) ?? '', 16) === port) return `socket:[${inode}]`;
    }
  }
  return null;
};

const hasOpen = async (pid: string, socket: string): Promise<boolean> => {
  const folder = `/proc/${pid}/fd`;
  for (const descriptor of await readdir(folder).catch(() => [])) {
    if ((await readlink(`${folder}/${descriptor}`).catch(() => '')) === socket) return true;
  }
  return false;
};

/** Process of the Apache CouchDB at a URL; null when it is not on this machine, or not to be seen. */
export const findCouchProcess = async (couchUrl: string): Promise<number | null> => {
  const { hostname, port } = new URL(couchUrl);
  const socket = LOCAL.has(hostname) ? await listeningSocket(Number(port)) : null;
  if (socket === null) return null;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    if (name.trim() === ERLANG && (await hasOpen(pid, socket))) return Number(pid);
  }
  return null;
};
