import type { SeenMessage } from '../history/line.ts';
import { keyOf, type Device, type Facts } from './facts.ts';
import { messagesTold, sendsOf, type Send } from './sends.ts';
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

/** Whether a device had brought a message by some time, as far as it tells. */
const broughtTo = (device: Device): ((send: Send, at: number) => boolean) => {
  const shownAt = new Map<string, number>();
  for (const line of device.told) if (line.event === 'message') shownAt.set(keyOf(line.message), line.at);
  const undecryptable = device.told.filter((line) => line.event === 'undecryptable');
  const held = new Set((device.state?.conversations ?? []).flatMap(({ messages }) => messages.map(keyOf)));
  return ({ message, invokedAt }, at) => {
    const shown = shownAt.get(keyOf(message));
    // Its process ended between keeping and telling: it is there in the end, and was never shown as new.
    if (shown === undefined ? held.has(keyOf(message)) : shown < at) return true;
    // Such a message comes again.
    return undecryptable.some(
      (line) => line.message.author === message.author && line.at > invokedAt && line.at < at,
    );
  };
};

/**
 * A catch-up that says "complete" has brought all that had been accepted with enough copies before it began. What had one copy alone
 * may lie on the node that was not asked (law 11).
 */
export const complete = (facts: Facts): Finding[] => {
  const findings: Finding[] = [];
  const sends = sendsOf(facts).filter(({ copies }) => copies >= 2);
  for (const device of facts.devices) {
    // Of one that is gone nobody knows what it had kept and not told.
    if (device.putBacks.length > 0 || device.state === null) continue;
    const isBrought = broughtTo(device);
    const toMe = sends.filter(
      (send) =>
        send.to === device.accountId &&
        send.invokedAt > device.enrolledAt &&
        !send.disappears &&
        !isLeftOut(facts, device.accountId, send),
    );
    // Nodes that did not answer are asked again without a word: what they bring belongs to the catch-up before, which may be complete.
    let begunAt = -Infinity;
    let isRunning = false;
    for (const line of device.told) {
      if (line.event !== 'catch-up') continue;
      if (line.running && !isRunning && !line.complete) begunAt = line.at;
      isRunning = line.running;
      // A device that is removed may still be let in for a while, and nobody writes to it.
      if (line.running || !line.complete || line.at > device.leavesAt) continue;
      for (const send of toMe) {
        if (send.acceptedAt > begunAt || isBrought(send, line.at)) continue;
        const what = `${device.name} was told "complete" and had not "${send.text}"`;
        const about = { messages: [keyOf(send.message)], devices: [send.device.name, device.name] };
        const shownBy = [send.acceptedAt, begunAt, line.at];
        // Of three nodes one is away and one lies: nobody can know.
        findings.push(
          line.at < facts.withheldAt
            ? { law: 'complete-is-true', what, shownBy, about }
            : { policy: '"complete", while one node withheld and another was away', what },
        );
      }
    }
  }
  return findings;
};

/** Whether the reader has no wish to be shown it. */
const isLeftOut = (facts: Facts, reader: string, send: Send): boolean =>
  facts.operations.some(
    ({ device, name, args, message }) =>
      (device.accountId === reader &&
        (name === 'forget' || name === 'standing') &&
        args.to === send.device.accountId) ||
      ((name === 'take-back' || name === 'hide') &&
        message !== null &&
        keyOf(message) === keyOf(send.message)),
  );
