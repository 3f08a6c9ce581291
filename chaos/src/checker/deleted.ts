import { blockedBy, isLostWithVault, keyOf, type Device, type Done, type Facts } from './facts.ts';
import { rowsOf } from './sends.ts';
import type { Finding, Violation } from './violation.ts';

/** What was taken back or hidden never comes back; what was blocked is never shown. */

/** A device still shows what was deleted: a violation, or allowed when it had been told so in a time that was taken from its vault. */
const stillThere = (device: Device, found: Violation): Finding => {
  const {
    what,
    about: { messages = [] },
  } = found;
  const goneAt = device.told.flatMap((line) =>
    'message' in line &&
    messages.includes(keyOf(line.message)) &&
    (line.event === 'message-removed' || ('kind' in line.message && line.message.kind === 'deleted'))
      ? [line.at]
      : [],
  );
  return isLostWithVault(device, goneAt) ? { policy: 'deleted, and lost with the vault', what } : found;
};

const takenBack = (facts: Facts): Finding[] => {
  const findings: Finding[] = [];
  for (const deletion of facts.named('take-back')) {
    const { message, device: author, returnedAt } = deletion;
    const isPromised =
      returnedAt !== Infinity && author.leavesAt === Infinity && author.putBacks.length === 0;
    if (message === null || !isPromised) continue;
    for (const device of facts.devices) {
      const [row] = rowsOf(device).get(keyOf(message)) ?? [];
      if (row?.kind !== 'text' || device.leavesAt !== Infinity) continue;
      if (facts.endsAt(device.accountId) !== Infinity) continue;
      const what = `"${row.text}" was taken back by ${author.name} and still stands at ${device.name}`;
      if (blockedBy(facts, device.accountId).has(author.accountId)) {
        findings.push({ policy: 'taken back by somebody who was blocked', what });
        continue;
      }
      const about = { messages: [keyOf(message)], devices: [author.name, device.name] };
      const shownBy = [deletion.invokedAt, returnedAt];
      findings.push(stillThere(device, { law: 'deleted-stays-deleted', what, shownBy, about }));
    }
  }
  return findings;
};

const returnsFromTheDead = (facts: Facts): Finding[] => {
  const findings: Finding[] = [];
  for (const device of facts.devices) {
    const goneAt = new Map<string, number>();
    for (const line of device.lineage) {
      if (line.event === 'message-removed') goneAt.set(keyOf(line.message), line.at);
      if (line.event !== 'message' && line.event !== 'message-changed') continue;
      const key = keyOf(line.message);
      if (line.message.kind === 'deleted') goneAt.set(key, line.at);
      const gone = goneAt.get(key);
      if (line.message.kind !== 'text' || gone === undefined) continue;
      const what = `"${line.message.text}" came back at ${device.name}`;
      if (line.message.timer !== undefined && line.at > facts.clocksWrongAt) {
        findings.push({ policy: 'put away by a clock that was wrong, and brought back', what });
        continue;
      }
      const about = { messages: [key], devices: [device.name] };
      findings.push({ law: 'deleted-stays-deleted', what, shownBy: [gone, line.at], about });
    }
  }
  return findings;
};

const hidden = (facts: Facts): Finding[] => {
  const findings: Finding[] = [];
  for (const { device: by, message, invokedAt, returnedAt } of facts.named('hide')) {
    if (message === null || returnedAt === Infinity || by.putBacks.length > 0) continue;
    if (by.leavesAt !== Infinity) continue;
    for (const device of facts.devicesOf(by.accountId)) {
      const [row] = rowsOf(device).get(keyOf(message)) ?? [];
      if (row === undefined || device.leavesAt !== Infinity) continue;
      const what = `"${row.text}" was hidden by ${by.name} and stands at ${device.name}`;
      const about = { messages: [keyOf(message)], devices: [by.name, device.name] };
      const shownBy = [invokedAt, returnedAt];
      findings.push(stillThere(device, { law: 'deleted-stays-deleted', what, shownBy, about }));
    }
  }
  return findings;
};

export const deleted = (facts: Facts): Finding[] => [
  ...takenBack(facts),
  ...hidden(facts),
  ...returnsFromTheDead(facts),
];

/** What lets somebody in: their account is accepted, or written to. */
const letsIn = ({ name, args }: Done): boolean =>
  name === 'text' ||
  name === 'timer' ||
  name === 'react' ||
  (name === 'standing' && args.standing === 'accepted');

/** From when a device has blocked somebody until anybody of its account begins to let them in again. */
export const blocked = (facts: Facts): Finding[] => {
  const findings: Finding[] = [];
  for (const { device, args, invokedAt, returnedAt } of facts.named('standing')) {
    if (args.standing !== 'blocked' || returnedAt === Infinity) continue;
    if (isLostWithVault(device, [returnedAt])) continue;
    const letIn = facts.operations.find(
      (later) =>
        later.device.accountId === device.accountId &&
        later.args.to === args.to &&
        later.returnedAt > invokedAt &&
        letsIn(later),
    );
    const until = letIn?.invokedAt ?? Infinity;
    for (const line of device.lineage) {
      if (line.event !== 'message' || line.message.direction !== 'in' || line.message.author !== args.to)
        continue;
      if (line.at <= returnedAt || line.at >= until) continue;
      const what = `"${line.message.text}" was shown at ${device.name}, which had blocked its author`;
      const about = { messages: [keyOf(line.message)], devices: [device.name] };
      findings.push({ law: 'blocked-is-not-shown', what, shownBy: [invokedAt, returnedAt, line.at], about });
    }
  }
  return findings;
};
