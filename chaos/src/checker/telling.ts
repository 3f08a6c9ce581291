import type { SeenMessage } from '../history/line.ts';
import { keyOf, type Facts } from './facts.ts';
import { messagesTold, sendsOf } from './sends.ts';
import type { Finding } from './violation.ts';

/** What a messenger told was true, and stays so. */

const RANK: Readonly<Record<SeenMessage['state'], number>> = {
  received: 0,
  seen: 1,
  queued: 0,
  failed: 0,
  accepted: 1,
  delivered: 2,
  read: 3,
};

export const forward = (facts: Facts): Finding[] => {
  const findings: Finding[] = [];
  for (const device of facts.devices) {
    for (const [key, told] of messagesTold(device, device.lineage)) {
      let [before] = told;
      for (const now of told.slice(1)) {
        if (before !== undefined && RANK[now[1].state] < RANK[before[1].state]) {
          const what = `${key} was ${before[1].state} at ${device.name}, and ${now[1].state} later`;
          const about = { messages: [key], devices: [device.name] };
          findings.push({ law: 'states-go-forward', what, shownBy: [before[0], now[0]], about });
        }
        before = now;
      }
    }
  }
  return findings;
};

/**
 * A catch-up that says "complete" has brought all that had been accepted with enough copies before it began. What had one copy alone
 * may lie on the node that was not asked (law 11).
 */
export const complete = (facts: Facts): Finding[] => {
  const findings: Finding[] = [];
  const sends = sendsOf(facts).filter(({ copies }) => copies >= 2);
  for (const device of facts.devices) {
    if (device.putBacks.length > 0) continue;
    const shownAt = new Map([...messagesTold(device)].map(([key, [first]]) => [key, first?.[0] ?? Infinity]));
    const held = new Set((device.state?.conversations ?? []).flatMap(({ messages }) => messages.map(keyOf)));
    const toMe = sends.filter(
      ({ to, invokedAt }) => to === device.accountId && invokedAt > device.enrolledAt,
    );
    // Nodes that did not answer are asked again without a word: what they bring belongs to the catch-up before.
    let begunAt = -Infinity;
    let isRunning = false;
    for (const line of device.told) {
      if (line.event !== 'catch-up') continue;
      if (line.running && !isRunning) begunAt = line.at;
      isRunning = line.running;
      if (line.running) continue;
      if (line.complete) {
        for (const send of toMe) {
          const key = keyOf(send.message);
          // A message whose process ended between keeping and telling is there in the end and was never told.
          const shown = shownAt.get(key) ?? (held.has(key) ? -Infinity : Infinity);
          if (send.acceptedAt > begunAt || shown < line.at || isLeftOut(facts, device.accountId, send))
            continue;
          const what = `${device.name} was told "complete" and had not "${send.text}"`;
          const about = { messages: [key], devices: [send.device.name, device.name] };
          const shownBy = [send.acceptedAt, begunAt, line.at];
          findings.push({ law: 'complete-is-true', what, shownBy, about });
        }
      }
    }
  }
  return findings;
};

/** Whether the reader has no wish to be shown it. */
const isLeftOut = (facts: Facts, reader: string, send: ReturnType<typeof sendsOf>[number]): boolean =>
  facts.operations.some(
    ({ device, name, args, message }) =>
      (device.accountId === reader &&
        (name === 'forget' || name === 'standing') &&
        args.to === send.device.accountId) ||
      ((name === 'take-back' || name === 'hide') &&
        message !== null &&
        keyOf(message) === keyOf(send.message)),
  );
