import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { MAX_TEXT_BYTES } from '@restante/client';
import { deriveMessageId, documentId, LIMITS, mintMessageId, type StoredEnvelope } from '@restante/protocol';
import { ensureSecrets } from '@restante/scripts/cluster';
import { createTokenSigner } from '@restante/service-kit';
import { waitFor } from '@restante/testkit';
import {
  filesWithText,
  isLive,
  ledgersOf,
  openMailbox,
  openWire,
  startTestCluster,
  TEST_PASSWORD,
  type Ledger,
  type Person,
  type TestCluster,
} from '@restante/testkit/cluster';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

/** The laws of docs/protocol.md that need a whole cluster to be seen. The others: see the table in the README. */

// Longer than what any condition is waited for, so that a failure names its condition.

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster[Symbol.asyncDispose]());
afterEach(() => cluster.heal());

const numbered = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `text ${index + 1}`);
const nodeUrls = (): string[] => cluster.parts.mailboxNodes.map(({ url }) => url);
const couple = async (): Promise<[Person, Person]> => {
  const people = [await cluster.person('alice'), await cluster.person('bob')] as [Person, Person];
  await people[0].enterLive();
  return people;
};

describe('law 1: durable before accepted', () => {
  it('as many CouchDBs as `accepted` says have the message at that moment, without the mesh', async () => {
    const [alice, bob] = await couple();
    cluster.links.cut(['couch1'], ['node2', 'node3']);
    cluster.links.cut(['couch2'], ['node3', 'node1']);
    cluster.links.cut(['couch3'], ['node1', 'node2']);
    for (const text of numbered(20)) {
      const { id, copies } = await alice.sendAccepted(bob, text);
      const stored = documentId(bob.address, deriveMessageId(alice.address, id));
      const holders = (await cluster.envelopes()).filter((held) => held.has(stored));
      expect(copies).toBeGreaterThanOrEqual(2);
      expect(holders.length).toBeGreaterThanOrEqual(copies!);
    }
  });
});

describe('law 6: only ciphertext', () => {
  it('no text, password, token or device secret is on a disk or in a log of the cluster', async () => {
    const [alice, bob] = await couple();
    const marker = `plaintext ${randomBytes(12).toString('hex')}`;
    await alice.sendAccepted(bob, `waits: ${marker}`);
    await bob.enterLive();
    await bob.seesLast(alice, `waits: ${marker}`);
    await alice.sendAccepted(bob, `live: ${marker}`);
    await bob.seesLast(alice, `live: ${marker}`);

    const { masterToken, mailboxToken } = await bob.session();
    const secrets = [marker, TEST_PASSWORD, masterToken, mailboxToken, await bob.deviceSecret()];
    expect(await filesWithText(cluster.dataDir, secrets)).toEqual([]);
    // The search finds what is there: the text in people's own vaults, the names of databases in the logs.
    expect(await filesWithText(dirname(bob.vaultFile), [marker])).not.toEqual([]);
    expect(await filesWithText(cluster.dataDir, [cluster.parts.databasePrefix])).not.toEqual([]);
  });
});

describe('law 7: only its owner', () => {
  it('reads a mailbox; another one and one that does not exist give the same answer', async () => {
    const [alice, bob] = await couple();
    await alice.sendAccepted(bob, 'for Bob');
    const { mailboxToken, masterToken } = await alice.session();
    const nobody = '00000000-0000-4000-8000-000000000000';
    const read = async (account: string, token?: string): Promise<unknown> => {
      const answer = await fetch(`${nodeUrls()[0]!}/messages/${account}?device=1`, {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      });
      return { status: answer.status, body: await answer.json() };
    };
    const refused = await read(bob.address.accountId, mailboxToken);
    expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await read(nobody, mailboxToken)).toEqual(refused);
    for (const token of [undefined, masterToken, `${mailboxToken.slice(0, -4)}AAAA`]) {
      const unknown = await read(bob.address.accountId, token);
      expect(unknown).toMatchObject({ status: 401, body: { code: 'unauthorized' } });
      expect(await read(nobody, token)).toEqual(unknown);
    }
  });

  it('deletes from it: the id of another one’s message is nothing to anybody else', async () => {
    const [alice, bob] = await couple();
    const { id } = await alice.sendAccepted(bob, 'for Bob');
    const message = deriveMessageId(alice.address, id);
    for (const url of nodeUrls()) await (await openMailbox(url, alice)).delete([message]);
    const mailboxes = await Promise.all(nodeUrls().map((url) => openMailbox(url, bob)));
    for (const mailbox of mailboxes) {
      await waitFor('the node to have it still', async () =>
        (await mailbox.read()).messages.some((envelope) => envelope.id === message),
      );
    }
  });

  it('and no device writes to one: only a master does', async () => {
    const [alice, bob] = await couple();
    const { mailboxToken, masterToken } = await alice.session();
    for (const token of [mailboxToken, masterToken]) {
      expect(await store([forged(alice, bob, Date.now())], token)).toMatchObject({ status: 401 });
    }
  });
});

const forged = (from: Person, to: Person, timeMs: number): StoredEnvelope => ({
  ...to.address,
  id: mintMessageId(timeMs, randomBytes(10)),
  senderId: from.address.accountId,
  senderDeviceId: from.address.deviceId,
  expiresAt: timeMs + LIMITS.messageTtlMs,
  type: 'message',
  payload: randomBytes(120).toString('base64'),
});

/** `POST /messages` to the first node. */
const store = async (envelopes: readonly StoredEnvelope[], token: string) => {
  const answer = await fetch(`${nodeUrls()[0]!}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ envelopes }),
  });
  return { status: answer.status, body: await answer.json() };
};

describe('laws 8, 11: expiry is exact on reading, and told', () => {
  it('a message is read up to its last millisecond and not after it; its recipient learns the count', async () => {
    const [alice, bob] = await couple();
    const { tokenPrivateKey } = ensureSecrets(cluster.dataDir);
    const token = await createTokenSigner(tokenPrivateKey).master(Date.now() + 60_000);
    const envelope = forged(alice, bob, Date.now() - LIMITS.messageTtlMs + 3_000);
    expect(await store([envelope], token)).toMatchObject({ body: { results: [{ status: 'stored' }] } });

    const mailbox = await openMailbox(nodeUrls()[0]!, bob);
    await waitFor('it to expire', async () => {
      const before = Date.now();
      const { messages, expired } = await mailbox.read();
      const after = Date.now();
      const isThere = messages.some(({ id }) => id === envelope.id);
      expect(expired).toBe(isThere ? 0 : 1);
      if (after < envelope.expiresAt) expect(isThere).toBe(true);
      if (before >= envelope.expiresAt) expect(isThere).toBe(false);
      return before >= envelope.expiresAt;
    });
    await bob.enterLive();
    expect(bob.catchUps.map(({ expired }) => expired).filter(Boolean)).toEqual([1]);
    expect(bob.shown).toEqual([]);
  });
});

describe('law 9: conservation', () => {
  it('on every node, accepted = deleted + expired + waiting, and is what the sender has sent', async () => {
    const [alice, bob] = await couple();
    await cluster.alike();
    /** On each node: one that was away has not had all of it. */
    const before = (await cluster.envelopes()).map((held) => ({
      accepted: held.size,
      gone: [...held.values()].filter((leaves) => !leaves.some(isLive)).length,
    }));
    /** Waits until the metrics of all nodes show so much more. */
    const ledgersShow = (more: { accepted: number; gone: number }): Promise<unknown> =>
      waitFor(`ledgers with ${JSON.stringify(more)} more`, async () => {
        const nodes = await Promise.all(nodeUrls().map(ledgersOf));
        return nodes.every((byBucket, index) => {
          const { accepted = 0, gone = 0 } = before[index] ?? {};
          const ledgers = [...byBucket.values()];
          const sum = (state: keyof Ledger) => ledgers.reduce((total, ledger) => total + ledger[state], 0);
          const balanced = ledgers.every(
            ({ accepted, deleted, expired, waiting }) => accepted === deleted + expired + waiting,
          );
          return (
            balanced && sum('accepted') === accepted + more.accepted && sum('deleted') === gone + more.gone
          );
        });
      });

    for (const text of numbered(30)) await alice.send(bob, text);
    await waitFor('all to be accepted', async () => (await alice.outboxSize()) === 0);
    await ledgersShow({ accepted: 30, gone: 0 });
    await bob.enterLive();
    await cluster.empty(bob);
    await ledgersShow({ accepted: 30, gone: 30 });
  });
});

describe('law 10: everything is bounded', () => {
  it('at a bound the caller gets a named error', async () => {
    const [alice, bob] = await couple();
    const { mailboxToken, masterToken } = await bob.session();
    await expect(alice.send(bob, 'x'.repeat(MAX_TEXT_BYTES + 1))).rejects.toMatchObject({ code: 'bad-text' });
    const ask = async (path: string, init: RequestInit = {}): Promise<unknown> => {
      const headers = { authorization: `Bearer ${mailboxToken}`, 'content-type': 'application/json' };
      return (await fetch(nodeUrls()[0]! + path, { ...init, headers })).json();
    };
    const page = `/messages/${bob.address.accountId}?device=${bob.address.deviceId}`;
    expect(await ask(`${page}&limit=${LIMITS.envelopesPerPage + 1}`)).toMatchObject({
      code: 'bad-request',
      path: 'limit',
    });
    const ids = Array.from({ length: LIMITS.idsPerAcknowledge + 1 }, () => mintMessageId(0, randomBytes(10)));
    const deletion = { method: 'POST', body: JSON.stringify({ ids }) };
    expect(await ask('/messages/delete', deletion)).toMatchObject({ code: 'bad-request', path: 'ids' });
    const huge = { method: 'POST', body: JSON.stringify('x'.repeat(LIMITS.bodyBytes)) };
    expect(await ask('/messages/delete', huge)).toMatchObject({ code: 'payload-too-large' });

    using wire = await openWire(cluster.masters[0]!, masterToken);
    wire.send(' '.repeat(LIMITS.frameBytes + 1));
    expect(await wire.closed()).toBe(1009);
  });
});
