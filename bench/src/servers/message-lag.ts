import { setTimeout as sleep } from 'node:timers/promises';
import { newEnvelope, newMailbox } from '../load/envelopes.ts';
import type { Post } from '../load/http-post.ts';
import type { BenchCluster } from './cluster.ts';
import { readPage } from './mailbox.ts';

const DEADLINE_MS = 30_000;
const HOUR_MS = 60 * 60 * 1000;

/** Milliseconds from now until every probe has said yes, each asked all `pollMs`. */
export const untilAll = async (
  probes: readonly (() => Promise<boolean>)[],
  pollMs: number,
): Promise<number> => {
  const startedAt = performance.now();
  await Promise.all(
    probes.map(async (probe) => {
      while (!(await probe())) {
        if (performance.now() - startedAt > DEADLINE_MS) throw new Error('a message was not replicated');
        await sleep(pollMs);
      }
    }),
  );
  return performance.now() - startedAt;
};

/** Stores a message at node 1 by `store`; answers after how many milliseconds it is readable at the other nodes. */
export const openMessageLag =
  (
    { mailboxNodes, signer }: BenchCluster,
    store: Pick<Post, 'send'>,
    pollMs: number,
  ): (() => Promise<number>) =>
  async () => {
    const mailbox = newMailbox();
    const owner = await signer.device(mailbox, 'mailbox', Date.now() + HOUR_MS);
    await store.send(JSON.stringify({ envelopes: [newEnvelope(mailbox)] }));
    return untilAll(
      mailboxNodes.slice(1).map(
        ({ url }) =>
          async () =>
            (await readPage(url, mailbox, owner)).messages.length === 1,
      ),
      pollMs,
    );
  };
