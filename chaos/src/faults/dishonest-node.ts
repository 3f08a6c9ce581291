import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pad } from '@restante/client/padding';
import {
  directoryDatabase,
  envelopeDocument,
  mailboxRange,
  parseDocumentId,
  tombstoneDocument,
  type DeviceAddress,
} from '@restante/protocol';
import { askCouch, newEnvelope } from '@restante/testkit';
import { attemptsAt, envelopesOf, isLive } from '@restante/testkit/cluster';
import { FIRST_GHOST, type World } from '../world/world.ts';
import { bucketsOf, soon, write, type Bucket } from './couches.ts';
import { mayLose } from './disks.ts';
import { pick, type Fault } from './fault.ts';

/**
 * What whoever has one mailbox node and its CouchDB, whole, can try against the others (law 12): nobody else loses anything by it, and
 * nobody is shown what they made.
 */

type EnvelopeFields = {
  readonly _id: string;
  readonly _rev: string;
  readonly senderId: string;
  readonly senderDeviceId: number;
  readonly type: 'message' | 'prekey-message';
  readonly payload: string;
};

const MAX_ENVELOPES = 100;

/** Ids of what waits at a server for people of this run. */
const waitingAt = async (world: World, { adminUrl }: Bucket): Promise<string[]> => {
  const held = await soon(envelopesOf(adminUrl, world.cluster.parts.databasePrefix));
  return [...(held ?? [])]
    .filter(([id, leaves]) => leaves.some(isLive) && parseDocumentId(id) !== null)
    .map(([id]) => id)
    .slice(0, MAX_ENVELOPES);
};

const envelopesAt = async (world: World, server: Bucket): Promise<EnvelopeFields[]> => {
  const keys = await waitingAt(world, server);
  const found = await soon(server.ask('_all_docs?include_docs=true', 'POST', { keys }));
  if (found?.status !== 200) return [];
  const { rows } = found.body as { readonly rows: readonly { readonly doc?: EnvelopeFields | null }[] };
  return rows.flatMap(({ doc }) => (doc ? [doc] : []));
};

const addresses = ({ people }: World): DeviceAddress[] =>
  people().flatMap(({ accountId, devices }) => devices.map(({ deviceId }) => ({ accountId, deviceId })));

/** Everything that waits there is deleted: there, and at the others as far as they let what the node has of credentials do so. */
export const mailWithheld: Fault = {
  name: 'mail-withheld',
  weight: 1,
  begin: async (world, [where = 0]) => {
    const { couchServers } = world.cluster.parts;
    const [server, own] = [pick(bucketsOf(world), where), pick(couchServers, where)];
    if (server === undefined || own === undefined) return null;
    const ids = await waitingAt(world, server);
    if (ids.length === 0 || !(await mayLose(world))) return null;
    const tombstones = ids.map(tombstoneDocument);
    await write(server, ...tombstones).isDone;
    await Promise.all(
      couchServers
        .filter(({ name }) => name !== server.name)
        .flatMap((peer) => attemptsAt(peer, own))
        .map((url) => {
          const ask: Bucket['ask'] = (path, method, body) =>
            askCouch(url, `${server.database}/${path}`, method, body);
          return write({ ask }, ...tombstones).isDone;
        }),
    );
    return { on: `${ids.length} at ${server.name}`, end: () => Promise.resolve() };
  },
};

/** All is over before a run that has been healed is looked at. */
const TRIES = 20;
const AGAIN_MS = 500;

/** What waits there now is there again when its readers have long deleted it, in a bucket that knows nothing of that. */
export const mailBroughtBack: Fault = {
  name: 'mail-brought-back',
  weight: 1,
  minSteps: 20,
  maxSteps: 60,
  begin: async (world, [where]) => {
    const server = pick(bucketsOf(world), where);
    if (server === undefined) return null;
    const documents = await envelopesAt(world, server);
    if (documents.length === 0) return null;
    const bringBack = async (): Promise<void> => {
      if (!(await mayLose(world))) return;
      const dropped = await soon(askCouch(server.adminUrl, server.database, 'DELETE'));
      if (dropped?.status !== 200) return;
      for (let attempt = 0; attempt < TRIES; attempt += 1) {
        if (await write(server, ...documents).isDone) return;
        await sleep(AGAIN_MS);
      }
    };
    return {
      on: `${documents.length} at ${server.name}`,
      end: () => {
        void bringBack();
        return Promise.resolve();
      },
    };
  },
};

const MAX_FORGED = 20;

/** A text as its sender would have encoded it, for a reader who takes the ciphertext for it. */
const plaintext = (id: string): string => {
  const content = { v: 1, kind: 'text', id, from: 'nobody', text: 'nobody wrote this' };
  return Buffer.from(pad(Buffer.from(JSON.stringify(content)))).toString('base64');
};

/** Well-formed envelopes that nobody sent: noise, a text in the clear, ciphertext of others under a new id or to somebody else. */
export const mailForged: Fault = {
  name: 'mail-forged',
  weight: 1,
  begin: async (world, [where, whose = 0, kind = 0, count = 0]) => {
    const server = pick(bucketsOf(world), where);
    const mailbox = pick(addresses(world), whose);
    const sender = pick(
      addresses(world).filter(({ accountId }) => accountId !== mailbox?.accountId),
      kind,
    );
    if (server === undefined || mailbox === undefined || sender === undefined) return null;
    const genuine = await envelopesAt(world, server);
    const { start } = mailboxRange(mailbox);
    const own = genuine.filter(({ _id }) => _id.startsWith(start));
    const forged = Array.from({ length: 1 + (count % MAX_FORGED) }, (_, index) => {
      const from = { senderId: sender.accountId, senderDeviceId: sender.deviceId };
      const envelope = newEnvelope(mailbox, from);
      const copied = pick(index % 2 === 0 ? own : genuine, index);
      const { senderId, senderDeviceId, type, payload } = copied ?? envelope;
      const kinds = [{}, { payload: plaintext(envelope.id) }, { senderId, senderDeviceId, type, payload }];
      return envelopeDocument({ ...envelope, ...pick(kinds, kind + index) });
    });
    const isWritten = await write(server, ...forged).isDone;
    return {
      on: `${forged.length} for ${mailbox.accountId}:${mailbox.deviceId} at ${server.name}${isWritten ? '' : ' perhaps'}`,
      end: () => Promise.resolve(),
    };
  },
};

type Edit = {
  readonly what: string;
  /** The document whose content is taken, and where it is written to. */
  readonly of: (device: DeviceAddress) => readonly [from: string, to: string];
  readonly change: object | null;
};

const deviceDocument = ({ accountId, deviceId }: DeviceAddress): string => `device:${accountId}:${deviceId}`;

/** A ghost is a device that nobody has, with a number that no one of this run reaches. */
const EDITS: readonly Edit[] = [
  {
    what: 'a device that nobody has',
    of: (device) => [
      deviceDocument(device),
      deviceDocument({ ...device, deviceId: FIRST_GHOST + device.deviceId }),
    ],
    change: { name: 'ghost' },
  },
  {
    what: 'another secret of a device',
    of: (device) => [deviceDocument(device), deviceDocument(device)],
    change: { secretHash: randomBytes(32).toString('base64url') },
  },
  {
    what: 'another password',
    of: ({ accountId }) => [`account:${accountId}`, `account:${accountId}`],
    change: { passwordHash: '$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA' },
  },
  {
    what: 'a removed device',
    of: (device) => [deviceDocument(device), deviceDocument(device)],
    change: null,
  },
];

const AHEAD_MS = 600_000;

/** A document of the directory that no master wrote, over one of theirs or beside them, which says of itself that it is the newest. */
export const directoryEdited: Fault = {
  name: 'directory-edited',
  weight: 1,
  begin: async (world, [where, whose, which]) => {
    const { couchServers, databasePrefix } = world.cluster.parts;
    const server = pick(couchServers, where);
    const device = pick(addresses(world), whose);
    const edit = pick(EDITS, which);
    if (server === undefined || device === undefined || edit === undefined) return null;
    const ask = (path: string, method?: string, body?: object) =>
      soon(askCouch(server.adminUrl, `${directoryDatabase(databasePrefix)}/${path}`, method, body));
    const [from, to] = edit.of(device);
    const found = await ask(encodeURIComponent(from));
    if (found?.status !== 200) return null;
    const { _id: id, _rev, ...content } = found.body as { readonly _id: string; readonly _rev: string };
    if (id !== from) return null;
    const updatedAt = Date.now() + AHEAD_MS;
    const body = {
      ...(edit.change === null ? { removedAt: updatedAt } : { ...content, ...edit.change }),
      ...(from === to && { _rev }),
      updatedAt,
    };
    const written = await ask(encodeURIComponent(to), 'PUT', body);
    return {
      on: `${edit.what}: ${to} at ${server.name}${written === null ? ' perhaps' : ''}`,
      end: () => Promise.resolve(),
    };
  },
};
