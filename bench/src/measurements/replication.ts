import { documentId, envelopeDocument, messageTime } from '@restante/protocol';
import { request } from 'undici';
import { newEnvelope, newMailbox } from '../load/envelopes.ts';
import { openPost } from '../load/http-post.ts';
import type { Measurement } from '../measurement.ts';
import { startBenchCluster } from '../servers/cluster.ts';
import { openMessageLag, untilAll } from '../servers/message-lag.ts';
import { percentile } from '../statistics.ts';

const MESSAGES = 60;
const WARM_UP = 10;
const POLL_MS = 5;
const HOUR_MS = 60 * 60 * 1000;

/** From a store at node 1 until readable at nodes 2 and 3, beside the same from CouchDB to CouchDB. */
export const replication: Measurement = {
  name: 'replication',
  run: async (bench) => {
    await using cluster = await startBenchCluster(bench);
    const [first] = cluster.mailboxNodes;
    const [firstCouch, ...otherCouches] = cluster.couchServers;
    const token = await cluster.signer.master(Date.now() + HOUR_MS);
    const database = cluster.bucketAt(Date.now());
    await using store = openPost(first!.url, '/messages', {
      connections: 1,
      authorization: `Bearer ${token}`,
      isGood: (answer) => !answer.includes('refused'),
    });
    await using write = openPost(firstCouch!.adminUrl, `/${database}/_bulk_docs`, {
      connections: 1,
      isGood: (answer) => answer.trim() === '[]',
    });

    const throughNodes = openMessageLag(cluster, store, POLL_MS);
    const throughCouches = async (): Promise<number> => {
      const envelope = newEnvelope(newMailbox());
      const id = encodeURIComponent(documentId(envelope, envelope.id));
      await write.send(JSON.stringify({ new_edits: false, docs: [envelopeDocument(envelope)] }));
      return untilAll(
        otherCouches.map(({ adminUrl }) => async () => {
          const { origin, username, password } = new URL(adminUrl);
          const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
          const answer = await request(`${origin}/${cluster.bucketAt(messageTime(envelope.id))}/${id}`, {
            headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
          });
          await answer.body.dump();
          return answer.statusCode === 200;
        }),
        POLL_MS,
      );
    };

    const [ours, raw]: [number[], number[]] = [[], []];
    for (let message = 0; message < WARM_UP + MESSAGES; message += 1) {
      const pair = [await throughNodes(), await throughCouches()] as const;
      if (message < WARM_UP) continue;
      ours.push(pair[0]);
      raw.push(pair[1]);
    }
    const figure = (share: number) => {
      const [value, peer] = [percentile(ours, share), percentile(raw, share)];
      return {
        unit: 'ms',
        value,
        peer: { name: 'CouchDB alone', value: peer },
        ratio: value / peer,
      } as const;
    };
    return [
      { name: 'replication of one message to both other nodes, p50', ...figure(0.5) },
      {
        name: 'replication of one message to both other nodes, p95',
        ...figure(0.95),
        target: { of: 'value', atMost: 1_000 },
      },
    ];
  },
};
