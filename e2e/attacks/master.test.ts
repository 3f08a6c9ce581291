import { randomBytes } from 'node:crypto';
import {
  conversationWith,
  createMessenger,
  memoryVault,
  readRow,
  type CreatedKeys,
  type Messenger,
  type Tables,
} from '@restante/client';
import { libsignalRatchet } from '@restante/client/node';
import {
  deriveMessageId,
  keyBundles,
  LIMITS,
  messageTime,
  mintMessageId,
  type DeviceAddress,
  type DeviceMismatch,
  type Downstream,
  type KeyBundle,
  type Send,
  type SignedDeviceList,
} from '@restante/protocol';
import { newTestAccountKey, waitFor } from '@restante/testkit';
import { startTestCluster, TEST_PASSWORD, type Person, type TestCluster } from '@restante/testkit/cluster';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startLyingMaster, TRUTH, type LyingMaster } from './lying-master.ts';

/**
 * Who has a master whole: what it says of accounts and devices is what it likes (law 12). Each test is one thing that it cannot do to an
 * account that has an account key.
 */

const GHOST = 9;
const ratchet = libsignalRatchet();
const NO_KEYS = { signedPreKeyId: 1, lastResortKyberPreKeyId: 1 };

let cluster: TestCluster;
let master: LyingMaster;
/** Alice uses the lying master alone; Bob is honest and elsewhere. */
let alice: Person;
let bob: Person;
/** Keys of the attacker's own making. */
let ghost: CreatedKeys;

beforeAll(async () => {
  cluster = await startTestCluster({ masters: 1 });
  ghost = await ratchet.createKeys(NO_KEYS, Date.now());
});
afterAll(() => cluster[Symbol.asyncDispose]());
beforeEach(async () => {
  master = await startLyingMaster(cluster.masters[0]!);
  alice = await cluster.person('alice', [master.url]);
  bob = await cluster.person('bob');
  await Promise.all([alice.enterLive(), bob.enterLive()]);
  await alice.sendAccepted(bob, 'hello');
  await bob.seesLast(alice, 'hello');
  await bob.sendAccepted(alice, 'hello yourself');
  await alice.seesLast(bob, 'hello yourself');
});
afterEach(async () => {
  Object.assign(master.lies, TRUTH);
  for (const person of [alice, bob]) await person.leave();
  await master[Symbol.asyncDispose]();
});

const bundleOf = (deviceId: number): KeyBundle => {
  const { registrationId, identityKey, signedPreKey, lastResortKyberPreKey } = ghost.keys;
  return { deviceId, registrationId, identityKey, signedPreKey, kyberPreKey: lastResortKyberPreKey };
};
const listed = (deviceId: number) => {
  const { registrationId, identityKey } = ghost.keys;
  return { deviceId, registrationId, identityKey };
};
const refusing = (
  frame: Send,
  mismatch: Omit<DeviceMismatch, 'missing' | 'extra' | 'stale'> & Partial<DeviceMismatch>,
): Downstream => ({
  ...{ type: 'refused', id: frame.id },
  error: {
    ...{ code: 'devices-changed', message: 'the recipients have other devices' },
    mismatches: [{ missing: [], extra: [], stale: [], ...mismatch }],
  },
});
/** Registration ids that anything was encrypted for, by account. */
const encryptedFor = (accountId: string): number[] =>
  master.sends.flatMap(({ recipients }) =>
    recipients
      .filter((recipient) => recipient.accountId === accountId)
      .flatMap(({ envelopes }) => envelopes.map(({ registrationId }) => registrationId)),
  );
const refusedLists = (person: Person): number =>
  person.faults.filter((fault) => 'code' in fault && fault.code === 'device-list-refused').length;
const listOf = async (person: Person): Promise<SignedDeviceList> => {
  const { masterToken } = await person.session();
  const answer = await fetch(`${cluster.masters[0]!}/api/device-lists/${person.address.accountId}`, {
    headers: { authorization: `Bearer ${masterToken}` },
  });
  return (await answer.json()) as SignedDeviceList;
};
/** A second device of somebody, let in. */
const secondOf = async (
  person: Person,
): Promise<{ readonly secondary: Messenger; readonly tokens: () => Promise<Tables['tokens']> }> => {
  const vault = memoryVault();
  const secondary = createMessenger({ masters: cluster.masters, vault, ratchet });
  await secondary.login({ username: person.username, password: TEST_PASSWORD, deviceName: 'second' });
  await secondary.start();
  const waiting = await waitFor('the question', async () => (await person.messenger().waitingDevices())[0]);
  await person.messenger().letDeviceIn(waiting);
  await waitFor('it to be let in', async () => (await secondary.listing()) === 'listed');
  const tokens = async () => readRow('tokens', await vault.get('tokens', 'only'))!;
  return { secondary, tokens };
};

/** A first message of the attacker, in the name of a device, as a lying master pushes it. */
const forged = async (by: DeviceAddress, to: Person, text: string): Promise<Downstream> => {
  const { masterToken } = await bob.session();
  const answer = await fetch(`${cluster.masters[0]!}/api/keys/${to.address.accountId}`, {
    headers: { authorization: `Bearer ${masterToken}` },
  });
  const [bundle] = keyBundles.parse(await answer.json()).bundles;
  const parties = { identity: ghost.identity, local: by, remote: to.address, remoteKey: bundle!.identityKey };
  const session = await ratchet.startSession(parties, null, bundle!, Date.now());
  const clientId = mintMessageId(Date.now(), randomBytes(10));
  const content = new TextEncoder().encode(
    JSON.stringify({ v: 1, kind: 'text', id: clientId, text, from: 'x' }),
  );
  const padded = new Uint8Array(Math.ceil((content.length + 1) / 160) * 160);
  padded.set(content);
  padded[content.length] = 0x80;
  const made = (await ratchet.encrypt(parties, session, padded, Date.now()))!;
  const sentAt = messageTime(clientId);
  return {
    type: 'envelope',
    envelope: {
      ...{ id: deriveMessageId(by, clientId), senderId: by.accountId, senderDeviceId: by.deviceId },
      ...{ sentAt, expiresAt: sentAt + LIMITS.messageTtlMs, type: made.type },
      payload: Buffer.from(made.payload).toString('base64'),
    },
  };
};

describe('a master cannot', () => {
  it('add a device to a contact: nothing is encrypted for it, whatever it says of keys, lists and who is missing', async () => {
    const { accountId } = bob.address;
    const truth = await listOf(bob);
    const own = newTestAccountKey();
    const lists = [
      // With the devices of the attacker, under the signature that there is.
      { ...truth, generation: truth.generation + 1, devices: [...truth.devices, listed(GHOST)] },
      // Signed by a key of the attacker's, as if by that of the account. (Another key of the account is for people to judge: below.)
      {
        ...own.sign({
          accountId,
          generation: truth.generation + 1,
          devices: [...truth.devices, listed(GHOST)],
        }),
        accountKey: truth.accountKey,
      },
      null,
    ];
    for (const [index, list] of lists.entries()) {
      master.lies.answer = (path, body) => {
        if (path.startsWith(`/api/keys/${accountId}`)) return { accountId, list, bundles: [bundleOf(GHOST)] };
        return path === `/api/device-lists/${accountId}` && list !== null ? list : body;
      };
      let lied = 0;
      master.lies.hear = (frame) => {
        if (frame.type !== 'send' || frame.recipients[0]?.accountId !== accountId || lied > 0) return null;
        lied += 1;
        return [refusing(frame, { accountId, missing: [GHOST] })];
      };
      await alice.sendAccepted(bob, `text ${index}`);
      await bob.seesLast(alice, `text ${index}`);
      expect(lied).toBe(1);
    }
    expect(encryptedFor(accountId)).not.toContain(ghost.keys.registrationId);
    expect(refusedLists(alice)).toBeGreaterThanOrEqual(2);
  });

  it('replace the key of a device: nothing is encrypted for another one', async () => {
    const { accountId, deviceId } = bob.address;
    master.lies.answer = (path, body) =>
      path.startsWith(`/api/keys/${accountId}`)
        ? { ...(body as object), bundles: [bundleOf(deviceId)] }
        : body;
    let lied = 0;
    master.lies.hear = (frame) => {
      if (frame.type !== 'send' || lied > 0) return null;
      lied += 1;
      return [refusing(frame, { accountId, stale: [deviceId] })];
    };
    await alice.sendAccepted(bob, 'to the old key');
    await bob.seesLast(alice, 'to the old key');
    expect(lied).toBe(1);
    expect(encryptedFor(accountId)).not.toContain(ghost.keys.registrationId);
  });

  it('put an old list back: nothing is encrypted for a device that was removed', async () => {
    const { accountId } = bob.address;
    const { secondary } = await secondOf(bob);
    await alice.sendAccepted(bob, 'to both');
    await waitFor('both', async () =>
      (await secondary.messages(conversationWith(alice.address.accountId))).some(
        ({ text }) => text === 'to both',
      ),
    );
    const old = await listOf(bob);
    const removed = old.devices.find(({ deviceId }) => deviceId !== bob.address.deviceId)!;
    await bob.messenger().removeDevice(removed.deviceId);
    await secondary[Symbol.asyncDispose]();
    await alice.sendAccepted(bob, 'to one');
    await bob.seesLast(alice, 'to one');
    const before = master.sends.length;
    master.lies.answer = (path, body) => {
      if (path === `/api/device-lists/${accountId}`) return old;
      return path.startsWith(`/api/keys/${accountId}`) ? { ...(body as object), list: old } : body;
    };
    let lied = 0;
    master.lies.hear = (frame) => {
      if (frame.type !== 'send' || lied > 0) return null;
      lied += 1;
      return [refusing(frame, { accountId, missing: [removed.deviceId] })];
    };
    const told = refusedLists(alice);
    await alice.sendAccepted(bob, 'still to one');
    await bob.seesLast(alice, 'still to one');
    expect(lied).toBe(1);
    const numbers = master.sends
      .slice(before)
      .flatMap(({ recipients }) =>
        recipients.flatMap(({ envelopes }) => envelopes.map(({ deviceId }) => deviceId)),
      );
    expect(new Set(numbers)).toEqual(new Set([bob.address.deviceId]));
    expect(refusedLists(alice)).toBeGreaterThan(told);
  });

  it('keep the list without a removed device from who hears of it by the others: nothing is encrypted until it comes', async () => {
    const { accountId } = bob.address;
    const { secondary } = await secondOf(bob);
    await alice.sendAccepted(bob, 'to both');
    const old = await listOf(bob);
    const removed = old.devices.find(({ deviceId }) => deviceId !== bob.address.deviceId)!;
    master.lies.answer = (path, body) => {
      if (path === `/api/device-lists/${accountId}`) return old;
      return path.startsWith(`/api/keys/${accountId}`) ? { ...(body as object), list: old } : body;
    };
    await bob.messenger().removeDevice(removed.deviceId);
    await secondary[Symbol.asyncDispose]();
    await bob.sendAccepted(alice, 'I have lost my telephone');
    await alice.seesLast(bob, 'I have lost my telephone');
    const before = master.sends.length;
    const message = await alice.send(bob, 'oh no');
    await waitFor(
      'refusals',
      () => refusedLists(alice) > 0 || alice.messenger().connection().name === 'live',
    );
    await bob.sendAccepted(alice, 'hello?');
    await alice.seesLast(bob, 'hello?');
    expect(master.sends.slice(before)).toEqual([]);
    expect((await alice.find(message)).state).toBe('queued');
    Object.assign(master.lies, TRUTH);
    await bob.seesLast(alice, 'oh no');
    const numbers = master.sends
      .slice(before)
      .flatMap(({ recipients }) =>
        recipients.flatMap(({ envelopes }) => envelopes.map(({ deviceId }) => deviceId)),
      );
    expect(new Set(numbers)).toEqual(new Set([bob.address.deviceId]));
  });

  it('have anything shown that no device on the list has made: neither of a new device, nor by another key of an old one', async () => {
    const { accountId, deviceId } = bob.address;
    master.push(await forged({ accountId, deviceId: GHOST }, alice, 'send money'));
    master.push(await forged({ accountId, deviceId }, alice, 'to this account'));
    // Own devices are heard no more than others'.
    master.push(
      await forged({ accountId: alice.address.accountId, deviceId: GHOST }, alice, 'from yourself'),
    );
    await bob.sendAccepted(alice, 'are you there?');
    await alice.seesLast(bob, 'are you there?');
    expect(await alice.textsFrom(bob)).toEqual(['hello yourself', 'are you there?']);
    expect(alice.shown).toEqual(['hello yourself', 'are you there?']);
    expect(await alice.messenger().conversations()).toHaveLength(1);
  });

  it('add a device to the own account: it is asked about, and has no copy of what is written', async () => {
    const { accountId } = alice.address;
    const truth = await listOf(alice);
    const own = newTestAccountKey();
    const other = own.sign({
      ...{ accountId, generation: truth.generation + 1, devices: [listed(GHOST)] },
    });
    master.lies.answer = (path, body) => {
      if (path === '/api/devices') {
        const { devices } = body as { devices: object[] };
        return { devices: [...devices, { ...listed(GHOST), name: 'ghost', createdAt: 1 }], list: other };
      }
      return path.startsWith(`/api/keys/${accountId}`)
        ? { accountId, list: other, bundles: [bundleOf(GHOST)] }
        : body;
    };
    master.push({ type: 'devices' });
    await waitFor('the person to be told', async () => (await alice.messenger().listing()) === 'replaced');
    expect(await alice.messenger().waitingDevices()).toMatchObject([{ deviceId: GHOST }]);
    let lied = 0;
    master.lies.hear = (frame) => {
      if (frame.type !== 'send' || lied > 0) return null;
      lied += 1;
      return [refusing(frame, { accountId, missing: [GHOST] })];
    };
    await alice.sendAccepted(bob, 'secret');
    await bob.seesLast(alice, 'secret');
    expect(encryptedFor(accountId)).toEqual([]);
  });

  it('take over a verified contact by another account key: it is asked about before a word is encrypted', async () => {
    const { accountId } = bob.address;
    await alice.messenger().setVerified(accountId, true);
    const truth = await listOf(bob);
    const other = newTestAccountKey().sign({
      ...{ accountId, generation: truth.generation + 1, devices: [listed(GHOST)] },
    });
    master.lies.answer = (path, body) => {
      if (path === `/api/device-lists/${accountId}`) return other;
      return path.startsWith(`/api/keys/${accountId}`)
        ? { accountId, list: other, bundles: [bundleOf(GHOST)] }
        : body;
    };
    master.lies.hear = (frame) =>
      frame.type === 'send'
        ? [refusing(frame, { accountId, missing: [GHOST], extra: [bob.address.deviceId] })]
        : null;
    const message = await alice.send(bob, 'secret');
    await waitFor('it to fail', async () => (await alice.find(message)).failure === 'keys-changed');
    expect(encryptedFor(accountId)).not.toContain(ghost.keys.registrationId);
    await expect(alice.send(bob, 'another')).rejects.toMatchObject({ code: 'keys-changed' });
    const kinds = (await alice.messenger().messages(conversationWith(accountId))).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'keys-changed')).toHaveLength(1);
  });
});

it('a removed device reads nothing more at any node, though no master tells them and its token has not expired', async () => {
  const { secondary, tokens } = await secondOf(bob);
  type Token = Pick<Tables['tokens'], 'accountId' | 'deviceId' | 'mailboxToken'>;
  const read = async (node: string, { accountId, deviceId, mailboxToken }: Token): Promise<number> =>
    (
      await fetch(`${node}/messages/${accountId}/ids?device=${deviceId}&limit=10`, {
        headers: { authorization: `Bearer ${mailboxToken}` },
      })
    ).status;
  const token = await waitFor('a token of the list that it is on', async () => {
    const now = await tokens();
    const answers = await Promise.all(now.mailboxNodes.map((node) => read(node, now)));
    return answers.every((status) => status === 200) ? now : null;
  });
  const { deviceId, mailboxNodes } = token;
  await bob.messenger().removeDevice(deviceId);
  // The device that has removed it asks each node with a token of the new list.
  for (const node of mailboxNodes)
    await waitFor('the end of the token', async () => (await read(node, token)) === 401);
  await secondary[Symbol.asyncDispose]();
  await alice.sendAccepted(bob, 'still here');
  await bob.seesLast(alice, 'still here');
});
