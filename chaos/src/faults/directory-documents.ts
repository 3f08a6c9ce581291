import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { directoryDatabase } from '@restante/protocol';
import { askCouch } from '@restante/testkit';
import type { World } from '../world/world.ts';
import { pick, type Fault } from './fault.ts';

/** Documents of the directory that somebody has written beside those of the masters: straight into a CouchDB. */

const PATIENCE_MS = 2_000;

/** It says that it is the newest, stands for its document at a CouchDB, and comes first among its leaves. */
const LATER_MS = 4_102_444_800_000;
const unfit = (id: string): object => ({
  _id: id,
  _rev: `10-0${randomBytes(16).toString('hex').slice(1)}`,
  ...{ createdAt: LATER_MS, updatedAt: LATER_MS, note: 'not what it should be' },
});

const idsOf = ({ people }: World): string[] =>
  people().flatMap(({ accountId, devices }) => [
    `account:${accountId}`,
    ...devices.map(({ deviceId }) => `device:${accountId}:${deviceId}`),
  ]);

/** What contradicts an account or a device, and is none. Masters know which of the two to take away. */
export const unfitInDirectory: Fault = {
  name: 'unfit-in-directory',
  weight: 1,
  begin: async (world, [where, which]) => {
    const { couchServers, databasePrefix } = world.cluster.parts;
    const server = pick(couchServers, where);
    const id = pick(idsOf(world), which);
    if (server === undefined || id === undefined) return null;
    const path = `${directoryDatabase(databasePrefix)}/_bulk_docs`;
    const body = { docs: [unfit(id)], new_edits: false };
    const written = askCouch(server.adminUrl, path, 'POST', body).catch(() => null);
    // Such a server may be dead or stopped.
    await Promise.race([written, sleep(PATIENCE_MS)]);
    return { on: `${id} at the CouchDB of ${server.name}`, end: () => Promise.resolve() };
  },
};
