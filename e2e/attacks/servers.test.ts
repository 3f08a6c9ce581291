import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { readRow } from '@restante/client';
import { sqliteVault } from '@restante/client/node';
import { mintMessageId, type StoredEnvelope } from '@restante/protocol';
import { ensureSecrets } from '@restante/scripts/cluster';
import { createTokenSigner } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import {
  filesWithText,
  openMailbox,
  startTestCluster,
  type Person,
  type TestCluster,
} from '@restante/testkit/cluster';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { friends } from './friends.ts';

/** Who has all servers, with every disk, log and key of theirs. */

let cluster: TestCluster;
let alice: Person;
let bob: Person;
beforeAll(async () => {
  cluster = await startTestCluster();
  [alice, bob] = await friends(cluster);
  await bob.sendAccepted(alice, 'hello, you');
  await alice.seesLast(bob, 'hello, you');
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** With the key that masters sign tokens with. */
const storeEverywhere = async (envelopes: readonly StoredEnvelope[]): Promise<void> => {
  const { tokenPrivateKey } = ensureSecrets(cluster.dataDir);
  const token = await createTokenSigner(tokenPrivateKey).master(Date.now() + 60_000);
  for (const { url } of cluster.parts.mailboxNodes) {
    const { status } = await fetch(`${url}/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ envelopes }),
    });
    expect(status).toBe(200);
  }
};

/** The private half of a device's identity, which a key pair ends with. */
const identityOf = async ({ vaultFile }: Person): Promise<Uint8Array> => {
  const vault = sqliteVault(vaultFile);
  try {
    return readRow('identity', await vault.get('identity', 'only'))!.keyPair.slice(-32);
  } finally {
    await vault.close();
  }
};

describe('the operators of all servers', () => {
  it('have no text and no private key on any disk, in any log', async () => {
    const marker = `plaintext ${randomBytes(12).toString('hex')}`;
    await bob.leave();
    await alice.sendAccepted(bob, `waits: ${marker}`);
    await bob.enterLive();
    await bob.seesLast(alice, `waits: ${marker}`);
    const keys = await Promise.all([alice, bob].map(identityOf));
    expect(await filesWithText(cluster.dataDir, [marker, ...keys])).toEqual([]);
    expect(await filesWithText(dirname(bob.vaultFile), [marker])).not.toEqual([]);
    expect(await filesWithText(dirname(bob.vaultFile), keys)).not.toEqual([]);
  });

  it('show nobody a text again, under new ids or in another conversation, nor one that they make up', async () => {
    await bob.leave();
    await alice.sendAccepted(bob, 'recorded');
    const mailbox = await openMailbox(cluster.parts.mailboxNodes[0]!.url, bob);
    const recorded = await waitFor('it to be there', async () => (await mailbox.read()).messages[0]);
    await bob.enterLive();
    await bob.seesLast(alice, 'recorded');
    await cluster.empty(bob);
    const shown = [...bob.shown];
    const { senderId, senderDeviceId, expiresAt, type, payload } = recorded;
    const again = (given: Partial<StoredEnvelope>): StoredEnvelope => ({
      ...{ senderId, senderDeviceId, expiresAt, type, payload },
      ...bob.address,
      id: mintMessageId(Date.now(), randomBytes(10)),
      ...given,
    });
    const carol = await cluster.person('carol');
    await storeEverywhere([
      again({}),
      again({ senderId: carol.address.accountId, senderDeviceId: carol.address.deviceId }),
      again({ payload: randomBytes(200).toString('base64') }),
      again({ type: 'prekey-message', payload: randomBytes(200).toString('base64') }),
      again({ ...alice.address, senderId: bob.address.accountId, senderDeviceId: bob.address.deviceId }),
    ]);
    await alice.sendAccepted(bob, 'after them');
    bob.messenger().refresh();
    await bob.seesLast(alice, 'after them');
    await cluster.empty(bob);
    expect(bob.shown).toEqual([...shown, 'after them']);
    expect(await bob.textsFrom(carol)).toEqual([]);
    expect(await alice.textsFrom(bob)).toEqual(['hello, you']);
    await bob.sendAccepted(alice, 'and back');
    await alice.seesLast(bob, 'and back');
  });
});
