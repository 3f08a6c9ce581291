import { mailboxRange, type DeviceAddress } from '@restante/protocol';
import { request } from 'undici';
import type { Figure } from '../figure.ts';
import { fill } from '../load/fill.ts';
import type { Measurement } from '../measurement.ts';
import { readPage } from '../servers/mailbox.ts';
import { residentMemoryMb } from '@restante/testkit';
import { startSingleNode, type SingleNode } from '../servers/single-node.ts';
import { percentile } from '../statistics.ts';

const STORED = 100_000;
const PER_MAILBOX = 50;
const READS = 400;
const WARM_UP = 50;
const HOUR_MS = 60 * 60 * 1000;

const timeOf = async (read: () => Promise<number>): Promise<number> => {
  const startedAt = performance.now();
  const messages = await read();
  const elapsedMs = performance.now() - startedAt;
  if (messages !== PER_MAILBOX) throw new Error(`${messages} messages were read instead of ${PER_MAILBOX}`);
  return elapsedMs;
};

/** Reads of whole mailboxes one after the other, each from the node and then the same range from CouchDB. */
const measureReads = async (single: SingleNode, mailboxes: readonly DeviceAddress[]): Promise<Figure[]> => {
  const couch = new URL(single.couchUrl);
  const credentials = `${decodeURIComponent(couch.username)}:${decodeURIComponent(couch.password)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  const rawRead = async (mailbox: DeviceAddress): Promise<number> => {
    const { start, end } = mailboxRange(mailbox);
    const query = new URLSearchParams({
      startkey: JSON.stringify(start),
      endkey: JSON.stringify(end),
      include_docs: 'true',
    });
    const url = `${couch.origin}/${single.bucketAt(Date.now())}/_all_docs?${query.toString()}`;
    const answer = await request(url, { headers: { authorization } });
    return ((await answer.body.json()) as { rows: unknown[] }).rows.length;
  };
  const [ours, raw]: [number[], number[]] = [[], []];
  for (let read = 0; read < WARM_UP + READS; read += 1) {
    const mailbox = mailboxes[Math.floor(Math.random() * mailboxes.length)]!;
    const token = await single.signer.device(mailbox, 'mailbox', Date.now() + HOUR_MS);
    const pageMs = await timeOf(
      async () => (await readPage(single.node.url, mailbox, token)).messages.length,
    );
    const rawMs = await timeOf(() => rawRead(mailbox));
    if (read < WARM_UP) continue;
    ours.push(pageMs);
    raw.push(rawMs);
  }
  const figure = (share: number) => {
    const [value, peer] = [percentile(ours, share), percentile(raw, share)];
    return { unit: 'ms', value, peer: { name: 'raw _all_docs', value: peer }, ratio: value / peer } as const;
  };
  const name = `read of a mailbox of ${PER_MAILBOX}, ${STORED.toLocaleString('en')} stored`;
  return [
    { name: `${name}, p50`, ...figure(0.5) },
    { name: `${name}, p95`, ...figure(0.95), target: { of: 'value', atMost: 100 } },
  ];
};

/** A node that holds many messages: reads of one mailbox, and the memory that the process takes. */
export const fullNode: Measurement = {
  name: 'full-node',
  run: async (bench) => {
    await using single = await startSingleNode(bench);
    const { node, storeToken } = single;
    const emptyMb = await residentMemoryMb(node.pid!);
    const mailboxes = await fill(node.url, storeToken, STORED, PER_MAILBOX);
    const filledMb = await residentMemoryMb(node.pid!);
    const reads = await measureReads(single, mailboxes);
    const readMb = await residentMemoryMb(node.pid!);
    return [
      ...reads,
      {
        name: `memory of a mailbox node, ${STORED.toLocaleString('en')} stored`,
        unit: 'MB',
        value: Math.max(filledMb, readMb),
        peer: { name: 'just started', value: emptyMb },
        ratio: Math.max(filledMb, readMb) / emptyMb,
        target: { of: 'value', atMost: 150 },
      },
    ];
  },
};
