import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mintMessageId, parseDocumentId, type DeviceAddress, type KeyBundles } from '@restante/protocol';
import {
  createPerson,
  envelopesOf,
  isLive,
  openWire,
  type Person,
  type Wire,
} from '@restante/testkit/cluster';
import type { World } from '../world/world.ts';
import { soon } from './couches.ts';
import { pick, type Fault } from './fault.ts';

/** What somebody with an account whom nobody has let in can do to others by what servers take from everybody. */

const ROUND_MS = 250;
const NOISE = 3;
const PINGS = 20;
const ARRIVE_MS = 5_000;

type Abuse = {
  readonly world: World;
  readonly stranger: Person;
  readonly wire: Wire;
  readonly victim: DeviceAddress;
};

/** Null when no master answers. */
const bundlesOf = async ({ stranger, victim }: Abuse): Promise<KeyBundles | null> => {
  const { masterToken } = await stranger.session();
  const url = `${stranger.masters[0] ?? ''}/api/keys/${victim.accountId}`;
  const asked = fetch(url, { headers: { authorization: `Bearer ${masterToken}` } });
  return soon(asked.then(async (answer) => (answer.ok ? ((await answer.json()) as KeyBundles) : null)));
};

/** Messages that nobody can read, for every device of the victim. */
const sendNoise = ({ wire, victim }: Abuse, { bundles }: KeyBundles): void => {
  const [first] = bundles;
  if (first === undefined) return;
  for (let count = 0; count < NOISE; count += 1) {
    const envelopes = bundles.map(({ deviceId, registrationId }) => ({
      ...{ deviceId, registrationId },
      type: 'message' as const,
      payload: randomBytes(200).toString('base64'),
    }));
    const id = mintMessageId(Date.now(), randomBytes(10));
    wire.send({ type: 'send', id, recipients: [{ accountId: victim.accountId, envelopes }] });
  }
};

/** Says of what waits for the victim that it has been read: by the victim, and by the stranger. */
const acknowledgeOthers = async ({ world, wire, victim }: Abuse): Promise<void> => {
  const [server] = world.cluster.parts.couchServers;
  if (server === undefined) return;
  const held = await soon(envelopesOf(server.adminUrl, world.cluster.parts.databasePrefix));
  const messages = [...(held ?? [])].flatMap(([document, leaves]) => {
    const parsed = leaves.some(isLive) ? parseDocumentId(document) : null;
    if (parsed === null) return [];
    const { accountId: senderId, deviceId: senderDeviceId } = parsed.mailbox;
    return [{ id: parsed.messageId, senderId, senderDeviceId }];
  });
  const never = { id: mintMessageId(Date.now(), randomBytes(10)), senderId: victim.accountId };
  wire.send({
    type: 'acknowledge',
    receipts: true,
    messages: [...messages.slice(0, 100), { ...never, senderDeviceId: victim.deviceId }],
  });
};

const abuse = async (told: Abuse): Promise<void> => {
  const { wire, victim } = told;
  const bundles = await bundlesOf(told);
  if (bundles !== null) sendNoise(told, bundles);
  await acknowledgeOthers(told);
  wire.send({ type: 'typing', to: victim.accountId, active: true });
  wire.send({ type: 'presence', state: 'online', to: [victim.accountId] });
  for (let count = 0; count < PINGS; count += 1) wire.send({ type: 'ping' });
};

/** They write noise, take keys, acknowledge what is not theirs, type and ping, until the fault ends or their connection does. */
export const strangerAbuses: Fault = {
  name: 'stranger-abuses',
  weight: 1,
  begin: async (world, [who = 0, whose]) => {
    const { cluster } = world;
    const name = `mallory-${randomBytes(4).toString('hex')}`;
    const vault = join(dirname(world.historyFiles()[0] ?? ''), `${name}.sqlite`);
    const victims = world.people().filter(({ devices }) => devices.length > 0);
    const person = pick(victims, whose);
    const device = person && pick(person.devices, who);
    if (person === undefined || device === undefined) return null;
    const victim = { accountId: person.accountId, deviceId: device.deviceId };
    const arrive = async (): Promise<readonly [Person, Wire]> => {
      const stranger = await createPerson(name, vault, cluster.entrances(0));
      return [stranger, await openWire(stranger.masters[0] ?? '', (await stranger.session()).masterToken)];
    };
    const arriving = arrive().catch(() => null);
    const arrived = await Promise.race([arriving, sleep(ARRIVE_MS, null)]);
    if (arrived === null) {
      void arriving.then(async (late) => {
        late?.[1][Symbol.dispose]();
        await late?.[0].leave();
      });
      return null;
    }
    const [stranger, wire] = arrived;
    const ending = new AbortController();
    const going = (async (): Promise<void> => {
      while (!ending.signal.aborted) {
        await abuse({ world, stranger, wire, victim }).catch(() => undefined);
        await sleep(ROUND_MS, undefined, { signal: ending.signal }).catch(() => undefined);
      }
    })();
    return {
      on: `${name} to ${device.name}`,
      end: async () => {
        ending.abort();
        await going;
        wire[Symbol.dispose]();
        await stranger.leave();
      },
    };
  },
};
