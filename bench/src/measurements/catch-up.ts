import { join } from 'node:path';
import type { DeviceAddress, Envelope } from '@restante/protocol';
import { readRow, type Ciphertext, type Messenger, type Vault } from '@restante/client';
import { libsignalRatchet, sqliteVault } from '@restante/client/node';
import { waitFor } from '@restante/testkit';
import type { Bench, Measurement } from '../measurement.ts';
import { exchange, openMessenger, openPerson, sendTexts, untilLive } from '../load/messengers.ts';
import { startBenchCluster, type BenchCluster } from '../servers/cluster.ts';
import { readMailbox } from '../servers/mailbox.ts';
import { median } from '../statistics.ts';

const MESSAGES = 1_000;
const HOUR_MS = 60 * 60 * 1000;

const secondsOf = async <T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> => {
  const startedAt = performance.now();
  const result = await work();
  return { seconds: (performance.now() - startedAt) / 1000, result };
};

/** The slowest of one raw read of the whole mailbox per node, each alone. */
const slowestRead = async (
  cluster: BenchCluster,
  mailbox: DeviceAddress,
): Promise<{ seconds: number; envelopes: Envelope[] }> => {
  const token = await cluster.signer.device(mailbox, 'mailbox', Date.now() + HOUR_MS);
  let slowest = { seconds: 0, envelopes: [] as Envelope[] };
  for (const { name, url } of cluster.mailboxNodes) {
    await waitFor(`${MESSAGES} messages at ${name}`, async () => {
      const { length } = await readMailbox(url, mailbox, token);
      return length === MESSAGES;
    });
    const { seconds, result } = await secondsOf(() => readMailbox(url, mailbox, token));
    if (seconds > slowest.seconds) slowest = { seconds, envelopes: result };
  }
  return slowest;
};

/** Decrypts with the official package over the session in a vault, and changes nothing in it. */
const decryptAlone = async (vault: Vault, mailbox: DeviceAddress, envelopes: Envelope[]): Promise<number> => {
  const identity = readRow('identity', await vault.get('identity', 'only'))!;
  const [row] = await vault.list('sessions', { limit: 1 });
  const session = readRow('sessions', row?.value);
  const [first] = envelopes;
  const remote = { accountId: first!.senderId, deviceId: first!.senderDeviceId };
  const messages = envelopes.map(({ type, payload }): Ciphertext => ({
    type,
    payload: Buffer.from(payload, 'base64'),
  }));
  const noKeys = {
    preKeys: new Map(),
    signedPreKeys: new Map(),
    kyberPreKeys: new Map(),
    usedHandshakes: new Set<string>(),
  };
  const parties = { identity, local: mailbox, remote, remoteKey: session!.identityKey };
  const { seconds, result } = await secondsOf(() =>
    libsignalRatchet().decrypt(parties, session!, noKeys, messages),
  );
  if (!result.results.every(({ ok }) => ok)) throw new Error('a message could not be decrypted');
  return seconds;
};

/** From opening the messenger until the last message is kept. */
const catchUpOnce = async (bob: Messenger): Promise<number> => {
  let kept = 0;
  const all = Promise.withResolvers<undefined>();
  const stop = bob.on('message', () => {
    kept += 1;
    if (kept === MESSAGES) all.resolve(undefined);
  });
  const { seconds } = await secondsOf(async () => {
    await bob.start();
    await all.promise;
  });
  stop();
  return seconds;
};

const measure = async (bench: Bench, cluster: BenchCluster) => {
  const vaultFile = join(cluster.dataDir, 'bob.sqlite');
  const { messenger: alice } = await openPerson(cluster.masterUrl);
  const { messenger: bob, username } = await openPerson(cluster.masterUrl, sqliteVault(vaultFile));
  await exchange(alice, bob, username);
  await exchange(bob, alice, (await alice.self())!.username);
  const mailbox = (await bob.self())!;
  const isDone = (vault: Vault) => async () =>
    (await vault.list('pendingDeletes', { limit: 1 })).length === 0;
  await bob[Symbol.asyncDispose]();

  const rounds: { catchUp: number; decrypt: number; read: number }[] = [];
  for (let round = 0; round <= bench.rounds; round += 1) {
    await sendTexts(alice, username, MESSAGES);
    // She shares an event loop with him, so she must not be there to take receipts while he catches up.
    alice.stop();
    const { seconds: read, envelopes } = await slowestRead(cluster, mailbox);
    const vault = sqliteVault(vaultFile);
    const decrypt = await decryptAlone(vault, mailbox, envelopes);
    const again = openMessenger(cluster.masterUrl, vault);
    const catchUp = await catchUpOnce(again);
    await untilLive(again);
    await waitFor('deletion', isDone(vault));
    await again[Symbol.asyncDispose]();
    await alice.start();
    await untilLive(alice);
    if (round > 0) rounds.push({ catchUp, decrypt, read });
  }
  await alice[Symbol.asyncDispose]();
  return rounds;
};

/** Mail of somebody who was away: read from three nodes, decrypted, kept; beside decrypting and reading alone. */
export const catchUp: Measurement = {
  name: 'catch-up',
  run: async (bench) => {
    await using cluster = await startBenchCluster(bench);
    const rounds = await measure(bench, cluster);
    const ms = (seconds: number[]): number => median(seconds) * 1000;
    const name = `catch-up of ${MESSAGES.toLocaleString('en')} messages from three nodes`;
    return [
      {
        name,
        unit: 'ms',
        value: ms(rounds.map((round) => round.catchUp)),
        peer: {
          name: 'decrypting alone + slowest raw read',
          value: ms(rounds.map(({ decrypt, read }) => decrypt + read)),
        },
        ratio: median(rounds.map((round) => round.catchUp / (round.decrypt + round.read))),
        target: { of: 'ratio', atMost: 1.5 },
      },
      { name: `${name}: decrypting alone`, unit: 'ms', value: ms(rounds.map(({ decrypt }) => decrypt)) },
      { name: `${name}: slowest raw read`, unit: 'ms', value: ms(rounds.map(({ read }) => read)) },
    ];
  },
};
