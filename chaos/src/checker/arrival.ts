import { blockedBy, isLostWithVault, keyOf, type Device, type Done, type Facts } from './facts.ts';
import { messagesTold, readersOf, rowsOf, sendsOf, wordingsOf, type Send } from './sends.ts';
import type { Finding } from './violation.ts';

/**
 * What was promised arrives at every device of its reader that existed when it was sent and exists, once; the same for the copies of
 * the sender's own devices.
 */

/** Why a device need not have a message in the end, or null when it must have it. */
export const excuse = (facts: Facts, send: Send, reader: Device): string | null => {
  const isOwnCopy = reader.accountId === send.device.accountId;
  const wasAccepted = send.acceptedAt !== Infinity;
  if (!wasAccepted && send.device.leavesAt !== Infinity) return 'its sender left before it was accepted';
  if (
    !wasAccepted &&
    send.device.putBacks.some(({ copiedAt, at }) => copiedAt < send.returnedAt && at > send.invokedAt)
  )
    return 'its vault was put back before it was accepted';
  const key = keyOf(send.message);
  const isHidden = ({ name, message }: Done): boolean =>
    name === 'hide' && message !== null && keyOf(message) === key;
  const hasFiles = (send.args.files?.length ?? 0) > 0;
  if (!wasAccepted && hasFiles && facts.operations.some((one) => one.device === send.device && isHidden(one)))
    return 'it was hidden before its files were stored';
  if (send.disappears) return 'it may have disappeared';
  if (facts.endsAt(send.to) !== Infinity) return 'its reader has ended their account';
  if (facts.endsAt(send.device.accountId) !== Infinity && isOwnCopy)
    return 'its sender has ended their account';
  const parties = new Set([reader.accountId]);
  const about = facts.operations.filter(({ device }) => parties.has(device.accountId));
  const other = isOwnCopy ? send.to : send.device.accountId;
  if (about.some(({ name, args }) => name === 'forget' && args.to === other))
    return 'the conversation was deleted';
  if (blockedBy(facts, reader.accountId).has(other)) return 'its sender was blocked';
  if (about.some(isHidden)) return 'it was hidden';
  const isTakenBack = facts.named('take-back').some(({ message }) => message && keyOf(message) === key);
  return isTakenBack ? 'it was taken back' : null;
};

/** What a reader cannot read it asks the sending device for again: that has deleted it, or the conversation. */
const isDeletedUnread = (facts: Facts, send: Send, reader: Device): boolean => {
  const isDeleted = facts
    .named('forget', 'hide')
    .some(
      ({ device, name, args, message, invokedAt }) =>
        invokedAt > send.invokedAt &&
        (name === 'forget'
          ? device === send.device && args.to === send.to
          : device.accountId === send.device.accountId &&
            message !== null &&
            keyOf(message) === keyOf(send.message)),
    );
  const author = send.device.accountId;
  return (
    isDeleted &&
    reader.told.some(
      (line) => line.event === 'undecryptable' && line.message.author === author && line.at > send.invokedAt,
    )
  );
};

/** It had one copy, told as one, and a disk was lost since: whoever was not live then may lack it. */
export const mayBeLostWithDisk = (facts: Facts, { copies, invokedAt }: Send): boolean =>
  copies === 1 && facts.disksLostAt.some((at) => at > invokedAt);

export const arrival = (facts: Facts): Finding[] => {
  const findings: Finding[] = [];
  const sends = sendsOf(facts);
  const held = new Map(facts.devices.map((device) => [device, rowsOf(device)]));
  const told = new Map(facts.devices.map((device) => [device, messagesTold(device)]));
  for (const send of sends) {
    const key = keyOf(send.message);
    for (const reader of readersOf(facts, send)) {
      if (held.get(reader)?.has(key)) continue;
      if (excuse(facts, send, reader) !== null) continue;
      const what = `"${send.text}" of ${send.device.name} is not at ${reader.name}`;
      const shownAt = (told.get(reader)?.get(key) ?? []).map(([at]) => at);
      if (isDeletedUnread(facts, send, reader)) {
        findings.push({ policy: 'could not be read, and deleted where it was sent from', what });
      } else if (mayBeLostWithDisk(facts, send)) {
        findings.push({ policy: 'one copy, told as one, on a disk that was lost', what });
      } else if (isLostWithVault(reader, shownAt)) {
        findings.push({ policy: 'read, deleted from the servers, and lost with the vault', what });
      } else {
        const shownBy = [send.invokedAt, send.returnedAt, ...shownAt];
        const about = { messages: [key], devices: [send.device.name, reader.name] };
        findings.push({ law: 'arrives', what, shownBy, about });
      }
    }
    const [last] = (told.get(send.device)?.get(key) ?? []).toReversed();
    if (last?.[1].state === 'failed' && excuse(facts, send, send.device) === null) {
      const what = `"${send.text}" of ${send.device.name} has failed, and nothing stands against it`;
      const about = { messages: [key], devices: [send.device.name] };
      findings.push({ law: 'arrives', what, shownBy: [send.invokedAt, last[0]], about });
    }
  }
  return findings;
};

/** Nobody is shown anything twice, neither under one id nor under two. */
export const once = (facts: Facts): Finding[] => {
  const findings: Finding[] = [];
  for (const device of facts.devices) {
    const rows = [...rowsOf(device)];
    for (const [key, copies] of rows.filter(([, found]) => found.length > 1)) {
      const what = `${key} stands ${copies.length} times at ${device.name}`;
      findings.push({ law: 'once', what, shownBy: [], about: { messages: [key], devices: [device.name] } });
    }
    const byText = Map.groupBy(
      rows.flatMap(([, found]) => found).filter(({ kind }) => kind === 'text'),
      ({ text }) => text,
    );
    for (const [text, found] of byText) {
      if (new Set(found.map(keyOf)).size < 2) continue;
      const what = `"${text}" stands under two ids at ${device.name}`;
      const about = { messages: found.map(keyOf), devices: [device.name] };
      findings.push({ law: 'once', what, shownBy: [], about });
    }
    const shown = Map.groupBy(
      device.lineage.flatMap((line) => (line.event === 'message' ? [line] : [])),
      ({ message }) => keyOf(message),
    );
    for (const [key, lines] of shown) {
      if (lines.length < 2) continue;
      // A clock that was wrong had put it away.
      if (lines.slice(1).every(({ message, at }) => message.timer !== undefined && at > facts.clocksWrongAt))
        continue;
      const shownBy = lines.map(({ at }) => at);
      const what = `${key} was shown ${lines.length} times at ${device.name}`;
      findings.push({ law: 'once', what, shownBy, about: { messages: [key], devices: [device.name] } });
    }
  }
  return findings;
};

/** Nobody is shown a text that its author has not written. */
export const authentic = (facts: Facts): Finding[] => {
  const written = new Set(
    facts.named('text', 'edit').map(({ device, args }) => `${device.accountId} ${args.text ?? ''}`),
  );
  return facts.devices.flatMap((device) =>
    [...rowsOf(device)].flatMap(([key, rows]) =>
      rows
        .flatMap((row) => (row.kind === 'text' ? wordingsOf(row).map((text) => ({ ...row, text })) : []))
        .filter(({ author, text }) => !written.has(`${author} ${text}`))
        .map(({ text }): Finding => ({
          law: 'authentic',
          what: `"${text}" stands at ${device.name}, and its author has not written it`,
          shownBy: [],
          about: { messages: [key], devices: [device.name] },
        })),
    ),
  );
};

/** What comes late is put where it was written if that is no longer ago, by clocks that agree. */
const PUT_BACK_MS = 60_000;

/** Waited for its files while what stands above it was written, and may stand where it came. */
const isLateByFiles = (
  { clocksWrongAt }: Facts,
  { args, acceptedAt }: Send,
  { invokedAt }: Pick<Send, 'invokedAt'>,
): boolean =>
  args.files !== undefined &&
  acceptedAt > invokedAt &&
  (acceptedAt > clocksWrongAt || acceptedAt > invokedAt + PUT_BACK_MS);

/** What somebody sent one after the other from one device stands in that order in each conversation. */
export const order = (facts: Facts): Finding[] => {
  const findings: Finding[] = [];
  const sends = new Map(sendsOf(facts).map((send) => [keyOf(send.message), send]));
  for (const device of facts.devices) {
    for (const { messages } of device.state?.conversations ?? []) {
      const latest = new Map<Device, Send>();
      for (const message of messages) {
        const send = sends.get(keyOf(message));
        if (send === undefined) continue;
        const above = latest.get(send.device);
        if (above !== undefined && send.returnedAt < above.invokedAt) {
          const what = `at ${device.name} "${send.text}" stands below "${above.text}", which was sent later`;
          const messages = [above, send].map((one) => keyOf(one.message));
          const shownBy = [send.returnedAt, above.invokedAt];
          // Their ids were made anew by clocks that contradicted each other, and order is that of their ids.
          const isByOneClock = Math.max(send.acceptedAt, above.acceptedAt) < facts.clocksApartAt;
          if (!isByOneClock)
            findings.push({
              policy: 'order, while clocks of services were more than ten minutes apart',
              what,
            });
          else if (isLateByFiles(facts, send, above))
            findings.push({ policy: 'order, of a message that waited for its files', what });
          else findings.push({ law: 'order', what, shownBy, about: { messages, devices: [device.name] } });
        }
        if (above === undefined || send.invokedAt > above.invokedAt) latest.set(send.device, send);
      }
    }
  }
  return findings;
};
