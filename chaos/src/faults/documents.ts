import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { envelopeDocument, parseDocumentId, tombstoneDocument } from '@restante/protocol';
import { newEnvelope } from '@restante/testkit';
import { envelopesOf, isLive } from '@restante/testkit/cluster';
import { bucketsOf, soon, write, type Bucket } from './couches.ts';
import { pick, type Fault } from './fault.ts';

/** Documents among the mail that no node wrote, and mail that somebody has written over: straight into a CouchDB. */

const TRIES = 60;
/** What the mesh was about to carry has come before it is looked for again. */
const MESH_MS = 1_000;

/** How a document is taken away, of which a server has this revision. */
type Removal = (server: Bucket, id: string, revision: string) => Promise<unknown>;

const byHand: Removal = ({ ask }, id, revision) => ask(`${encodeURIComponent(id)}?rev=${revision}`, 'DELETE');
/** As its owner deletes it: what has the id and revision of an envelope is one to the ledger. */
const asItsOwner: Removal = (server, id) => write(server, tombstoneDocument(id)).isDone;

/** Takes a document from every server that has it, until none has it any more. */
const remove = async (servers: readonly Bucket[], id: string, removal: Removal): Promise<void> => {
  const path = encodeURIComponent(id);
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    let gone = 0;
    for (const server of servers) {
      const found = await soon(server.ask(path));
      if (found?.status === 404) gone += 1;
      if (found?.status !== 200) continue;
      const { _rev: rev } = found.body as { readonly _rev: string };
      await soon(removal(server, id, rev));
    }
    if (gone === servers.length) return;
    await sleep(MESH_MS);
  }
};

/** A document in the mailbox of somebody, which is taken away again when the fault ends. */
const foreign = (
  name: string,
  weight: number,
  removal: Removal,
  documentFor: (mailbox: { accountId: string; deviceId: number }, kind: number) => { readonly _id: string },
): Fault => ({
  name,
  weight,
  begin: async (world, [where, whose, kind = 0]) => {
    const servers = bucketsOf(world);
    const server = pick(servers, where);
    const mailbox = pick(
      world
        .people()
        .flatMap(({ accountId, devices }) => devices.map(({ deviceId }) => ({ accountId, deviceId }))),
      whose,
    );
    if (server === undefined || mailbox === undefined) return null;
    const document = documentFor(mailbox, kind);
    const writing = write(server, document);
    if (!(await writing.isDone)) {
      // What was written though nobody said so is taken away as well.
      void writing.ended.then(() => remove(servers, document._id, removal));
      return null;
    }
    return {
      on: `${server.name} ${document._id}`,
      end: () => {
        void remove(servers, document._id, removal);
        return Promise.resolve();
      },
    };
  },
});

/** Ids that no message has; the first sorts before all mail. */
const STRAY = [' ', 'note ', 'zz '] as const;
const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

export const strayDocument = foreign('stray-document', 2, byHand, ({ accountId, deviceId }, kind) => ({
  _id: `${accountId}:${deviceId}:${pick(STRAY, kind) ?? ''}${hex(4)}`,
  _rev: `1-${hex(16)}`,
  note: 'not a message',
}));

const DAMAGES = [
  { payload: 5, expiresAt: 'soon', senderId: 'me', senderDeviceId: 'x', sentAt: null, type: 7 },
  { payload: null },
  { payload: 'not base64!' },
  { expiresAt: 1e300 },
  { senderDeviceId: 0 },
  { type: 'letter' },
] as const;

export const damagedEnvelope = foreign('damaged-envelope', 2, asItsOwner, (mailbox, kind) => ({
  ...envelopeDocument(newEnvelope(mailbox)),
  ...pick(DAMAGES, kind),
}));

/** Other revisions of an envelope: beside it, or above it with a longer history. */
const OTHERS = ['1-00', '1-ff', '7-ff'] as const;

/** Somebody writes over an envelope that waits. It stays: each of its revisions ends when its owner deletes it. */
export const overwritten: Fault = {
  name: 'overwritten',
  weight: 2,
  begin: async (world, [where, which, kind]) => {
    const server = pick(bucketsOf(world), where);
    if (server === undefined) return null;
    const held = await soon(envelopesOf(server.adminUrl, world.cluster.parts.databasePrefix));
    const waiting = [...(held ?? [])]
      .filter(([id, leaves]) => leaves.some(isLive) && parseDocumentId(id) !== null)
      .map(([id]) => id);
    const id = pick(waiting, which);
    if (id === undefined) return null;
    const found = await soon(server.ask(encodeURIComponent(id)));
    if (found?.status !== 200) return null;
    const [generation = '', digits = ''] = (pick(OTHERS, kind) ?? '').split('-');
    const revision = `${generation}-${digits.repeat(16)}`;
    const edited = { ...(found.body as object), _rev: revision, payload: 'ZWRpdGVk' };
    const isWritten = await write(server, edited).isDone;
    // It may have been written though nobody said so: then it stands in the history as well.
    return {
      on: `${id} ${revision} ${server.name}${isWritten ? '' : ' perhaps'}`,
      end: () => Promise.resolve(),
    };
  },
};
