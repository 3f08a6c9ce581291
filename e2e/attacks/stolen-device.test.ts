import { copyFileSync, existsSync } from 'node:fs';
import { createMessenger } from '@restante/client';
import { libsignalRatchet, sqliteVault } from '@restante/client/node';
import { waitFor } from '@restante/testkit';
import {
  startTestCluster,
  TEST_PACE,
  TEST_PASSWORD,
  type Person,
  type TestCluster,
} from '@restante/testkit/cluster';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Who has a device, or a copy of its vault. */

let cluster: TestCluster;
let alice: Person;
let bob: Person;
beforeAll(async () => {
  cluster = await startTestCluster();
  alice = await cluster.person('alice');
  bob = await cluster.person('bob');
  await Promise.all([alice.enterLive(), bob.enterLive()]);
  await alice.sendAccepted(bob, 'before the theft');
  await bob.seesLast(alice, 'before the theft');
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** The files of a vault that somebody has copied, while its owner goes on. */
const copyOf = ({ vaultFile }: Person, name: string): string => {
  const copy = `${vaultFile}-${name}`;
  for (const part of ['', '-wal', '-shm'])
    if (existsSync(vaultFile + part)) copyFileSync(vaultFile + part, copy + part);
  return copy;
};
const open = (vaultFile: string) =>
  createMessenger({
    masters: cluster.masters,
    vault: sqliteVault(vaultFile),
    ratchet: libsignalRatchet(),
    ...TEST_PACE,
  });

describe('the thief of a device without a passphrase', () => {
  it('is the device, until its owner removes it: then nothing is encrypted for it, and no server knows it', async () => {
    await bob.leave();
    await using thief = open(copyOf(bob, 'stolen'));
    await using owner = open(`${bob.vaultFile}-second`);
    await owner.login({ username: bob.username, password: TEST_PASSWORD, deviceName: 'second' });
    await owner.start();
    await waitFor('the owner to be live', () => owner.connection().name === 'live');
    await owner.removeDevice(bob.address.deviceId);
    await thief.start();
    await waitFor('the thief to be sent away', () => {
      const state = thief.connection();
      return state.name === 'refused' && state.code === 'unauthorized';
    });
    // The stolen one was the only device with the account key.
    await owner.beginAccountKey(TEST_PASSWORD);
    await waitFor('the owner to be listed', async () => (await owner.listing()) === 'listed');
    const texts: string[] = [];
    owner.on('message', ({ text }) => texts.push(text));
    await alice.sendAccepted(bob, 'after the removal');
    await waitFor('the owner to read it', () => texts.includes('after the removal'));
    for (const held of await cluster.envelopes()) {
      const mailbox = `${bob.address.accountId}:${bob.address.deviceId}:`;
      const later = [...held.keys()].filter((id) => id.startsWith(mailbox));
      expect(later.length).toBeLessThanOrEqual(1);
    }
    expect(thief.connection().name).toBe('refused');
  });
});
