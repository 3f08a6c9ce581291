import { setTimeout as sleep } from 'node:timers/promises';
import { directoryDatabase, parseDocumentId } from '@restante/protocol';
import {
  conflictsOf,
  envelopesOf,
  isLive,
  ledgersOf,
  type Leaves,
  type Place,
} from '@restante/testkit/cluster';
import type { ServersState } from '../history/line.ts';
import type { ChaosDevice } from '../world/device.ts';
import { FIRST_GHOST, type World } from '../world/world.ts';
import { filesWithSecrets } from './leaks.ts';

/** The end of a run: everything is healed, and is given a bounded time to become whole. */

const POLL_MS = 100;
/** A sender is asked for what could not be decrypted after at most so long. */
const ASKED_WITHIN_MS = 60_000;
const TO_BE_ASKED_FOR = 'still to be asked for';

/** Ids that wait for a device of this run that stays. */
const waitingFor = (held: ReadonlyMap<string, Leaves>, mailboxes: readonly string[]): string[] =>
  [...held]
    .filter(([id, leaves]) => leaves.some(isLive) && mailboxes.some((mailbox) => id.startsWith(mailbox)))
    .map(([id]) => id);

const mailboxesOf = (world: World): string[] => {
  const staying = new Set(world.staying());
  return world
    .people()
    .flatMap(({ accountId, devices }) =>
      devices.filter((device) => staying.has(device)).map(({ deviceId }) => `${accountId}:${deviceId}:`),
    );
};

const accountOf = (envelope: string): string => envelope.slice(0, envelope.indexOf(':'));

/** What each CouchDB has, in the order of the servers, of what has changed in this run. */
const onEach = <T>(
  { cluster, places }: World,
  read: (adminUrl: string, databasePrefix: string, since?: Place) => Promise<T>,
): Promise<T[]> => {
  const { couchServers, databasePrefix } = cluster.parts;
  return Promise.all(
    couchServers.map(({ adminUrl }, index) => read(adminUrl, databasePrefix, places[index])),
  );
};

/** Envelopes of the accounts of this run. */
const holdings = async (world: World): Promise<Map<string, Leaves>[]> =>
  (await onEach(world, envelopesOf)).map(
    (held) => new Map([...held].filter(([id]) => world.accounts.has(accountOf(id)))),
  );

/**
 * Ids of mail that lives on a node and that another one has never had: the mesh has not carried it. Where it is deleted the node was
 * told so; those that were not are told by its reader, and never when that is gone.
 */
const notEverywhere = (held: readonly ReadonlyMap<string, Leaves>[]): string[] => {
  const ids = new Set(held.flatMap((each) => [...each.keys()]));
  return [...ids].filter((id) => {
    const leaves = held.map((each) => each.get(id));
    return leaves.includes(undefined) && leaves.some((known) => known?.some(isLive) === true);
  });
};

/** What contradicts in the directory: masters resolve it. */
const contradictions = async (world: World): Promise<string[]> =>
  (await onEach(world, (url, prefix, since) => conflictsOf(url, directoryDatabase(prefix), since))).flat();

/** Why the run is not at rest yet, or null when it is. */
export const unrest = async (world: World, devices: readonly ChaosDevice[]): Promise<string | null> => {
  for (const { name, process } of devices) {
    const rest = await process.ask('rest', null);
    if (rest === null) return `${name} does not run`;
    if (!rest.isLive) return `${name} is not live`;
    if (rest.unasked > 0) return `${rest.unasked} that ${name} could not decrypt are ${TO_BE_ASKED_FOR}`;
    if (rest.outbox > 0) return `${rest.outbox} wait in the outbox of ${name}`;
  }
  const held = await holdings(world);
  const mailboxes = mailboxesOf(world);
  for (const [index, each] of held.entries()) {
    const [first] = waitingFor(each, mailboxes);
    if (first !== undefined) return `${first} waits on node ${index + 1}`;
  }
  const [missing] = notEverywhere(held);
  if (missing !== undefined) return `${missing} is not on all nodes`;
  const [contradiction] = await contradictions(world);
  return contradiction === undefined ? null : `${contradiction} is in conflict`;
};

/** A messenger reads its mailboxes again by itself after hours. */
const HOURS_LATER_MS = 20_000;

/** What waits until its reader reads the mailboxes: what the mesh brought a node that had forgotten its deletion. */
const readAnew = async (devices: readonly ChaosDevice[]): Promise<void> => {
  const asked = { operation: 'refresh', wish: { to: [''], text: '', numbers: [] } };
  await Promise.all(devices.map(({ process }) => process.ask('perform', asked)));
};

/** Heals everything, and waits until all is at rest twice in a row. */
export const settle = async (world: World, deadlineMs: number): Promise<void> => {
  const unhealed = await world.cluster.heal().then(
    () => null,
    (error: unknown) => String(error),
  );
  if (unhealed !== null) {
    world.note({ type: 'settled', isSettled: false, why: unhealed });
    return;
  }
  const devices = world.devices();
  // Those that run go on: what a messenger would only find again after a restart is not whole.
  await Promise.all(devices.map((device) => device.start()));
  world.note({ type: 'healed' });
  let end = Date.now() + deadlineMs;
  const latestEnd = end + ASKED_WITHIN_MS;
  let calm = 0;
  let why: string | null = null;
  let readAt = Date.now();
  while (calm < 2 && Date.now() < end) {
    if (Date.now() - readAt > HOURS_LATER_MS) {
      await readAnew(devices);
      readAt = Date.now();
    }
    why = await unrest(world, world.staying()).catch((error: unknown) => String(error));
    if (why?.endsWith(TO_BE_ASKED_FOR)) end = latestEnd;
    calm = why === null ? calm + 1 : 0;
    await sleep(POLL_MS);
  }
  world.note({ type: 'settled', isSettled: calm === 2, ...(why !== null && { why }) });
};

const unbalanced = async ({ cluster }: World): Promise<string[]> => {
  const found: string[] = [];
  for (const { name, url } of cluster.parts.mailboxNodes) {
    for (const [bucket, ledger] of await ledgersOf(url)) {
      const { accepted, deleted, expired, waiting } = ledger;
      if (accepted !== deleted + expired + waiting) found.push(`${name} ${bucket} ${JSON.stringify(ledger)}`);
    }
  }
  return found;
};

const LEDGER_MS = 10_000;

/** What an operator sees in the end. Ledgers are counted every half second. */
export const serversState = async (world: World): Promise<ServersState> => {
  const held = await holdings(world);
  const mailboxes = mailboxesOf(world);
  const different = notEverywhere(held);
  const forGhosts = held
    .flatMap((each) => [...each.keys()])
    .filter((id) => (parseDocumentId(id)?.mailbox.deviceId ?? 0) >= FIRST_GHOST);
  const conflicts = (await onEach(world, conflictsOf)).flat();
  let ledgers = await unbalanced(world);
  const end = Date.now() + LEDGER_MS;
  while (ledgers.length > 0 && Date.now() < end) {
    await sleep(POLL_MS);
    ledgers = await unbalanced(world);
  }
  return {
    waiting: held.flatMap((each) => waitingFor(each, mailboxes)),
    different,
    conflicts,
    unbalanced: ledgers,
    forGhosts: [...new Set(forGhosts)],
    filesWithSecrets: await filesWithSecrets(world),
    unhandled: await world.logs.unforeseen(),
  };
};

/** Notes what each device shows. */
export const noteStates = async (world: World): Promise<void> => {
  for (const { name, process } of world.devices()) {
    const state = await process.ask('state', null);
    if (state !== null) world.note({ type: 'state', device: name, state });
  }
};
