import type { SeenMessage } from '../history/line.ts';
import { keyOf, type Device, type Facts } from './facts.ts';
import { messagesTold, sendsOf } from './sends.ts';
import type { Finding } from './violation.ts';

/**
 * What was written with a timer goes when its time is over, from every device, and not before; and all devices of both people have
 * the same timer in the end. That it does not come back is a matter of what is deleted.
 */

/** By so much clocks of devices may differ that are all well, and beginnings of one message. */
const TOLERANCE_MS = 2_000;
/** So long after its time, or after the last start of its device, a message may be there at the most. */
const LATE_MS = 10_000;

type Shown = readonly [at: number, message: SeenMessage];

/** What a device told of a message that its person, or time, has removed since. */
const timersTold = (
  device: Device,
): Map<string, { readonly told: readonly Shown[]; readonly timerMs: number }> =>
  new Map(
    [...messagesTold(device, device.lineage)].flatMap(([key, told]) => {
      const timer = told.find(([, { timer }]) => timer !== undefined)?.[1].timer;
      return timer === undefined ? [] : [[key, { told, timerMs: timer * 1_000 }] as const];
    }),
  );

/** When the time of a message may have begun at the earliest: when it was written, and where it is read, when anybody said so. */
const beganAt = (facts: Facts, device: Device, { author }: SeenMessage, writtenAt: number): number => {
  if (author === device.accountId) return writtenAt;
  const reads = facts
    .named('read')
    .filter(
      ({ device: by, args, invokedAt }) =>
        by.accountId === device.accountId && args.to === author && invokedAt > writtenAt,
    );
  return Math.min(...reads.map(({ invokedAt }) => invokedAt));
};

const isTakenAway = (facts: Facts, device: Device, key: string, conversation: string): boolean =>
  facts
    .named('hide', 'forget')
    .some(
      ({ device: by, args, message, name }) =>
        by.accountId === device.accountId &&
        (name === 'forget' ? args.to === conversation : message !== null && keyOf(message) === key),
    );

const tooEarly = (facts: Facts, device: Device, writtenAt: ReadonlyMap<string, number>): Finding[] => {
  const timers = timersTold(device);
  return device.lineage.flatMap((line): Finding[] => {
    if (line.event !== 'message-removed' || line.at > facts.clocksWrongAt) return [];
    const key = keyOf(line.message);
    const [timed, written] = [timers.get(key), writtenAt.get(key)];
    const [, message] = timed?.told[0] ?? [];
    if (!timed || !message || written === undefined) return [];
    if (isTakenAway(facts, device, key, message.conversation)) return [];
    const due = beganAt(facts, device, message, written) + timed.timerMs;
    if (line.at >= due - TOLERANCE_MS) return [];
    const what = `"${message.text}" went from ${device.name} before its ${timed.timerMs / 1_000} seconds were over`;
    const about = { messages: [key], devices: [device.name] };
    return [{ law: 'disappears-in-time', what, shownBy: [written, line.at], about }];
  });
};

/** What a device holds in the end though its time had been over for long. */
const tooLate = (facts: Facts, device: Device): Finding[] => {
  const end = facts.lines.find((line) => line.type === 'state' && line.device === device.name);
  if (end === undefined || facts.clocksWrongAt !== Infinity) return [];
  const startedAt = Math.max(
    0,
    ...facts.lines.flatMap((line) =>
      line.type === 'healed' || (line.type === 'started' && line.device === device.name) ? [line.at] : [],
    ),
  );
  const held = new Set((device.state?.conversations ?? []).flatMap(({ messages }) => messages.map(keyOf)));
  return [...timersTold(device)].flatMap(([key, { told, timerMs }]): Finding[] => {
    const begun = told.find(([, { direction, state, copies }]) =>
      direction === 'in' ? state === 'seen' : copies !== undefined,
    );
    if (begun === undefined || begun[1].kind === 'timer' || !held.has(key)) return [];
    if (end.at < Math.max(begun[0] + timerMs, startedAt) + LATE_MS) return [];
    const what = `"${begun[1].text}" is at ${device.name}, and its ${timerMs / 1_000} seconds were over long ago`;
    const about = { messages: [key], devices: [device.name] };
    return [{ law: 'disappears-in-time', what, shownBy: [begun[0], end.at], about }];
  });
};

/** The timers that devices have in the end of a conversation between two accounts. */
const differing = (facts: Facts): Finding[] => {
  // What was chosen by a wrong clock, or was lost with a disk, is known where it was chosen until somebody chooses again.
  if (facts.clocksWrongAt !== Infinity || facts.disksLostAt.length > 0) return [];
  const pairs = new Set(
    facts.named('timer').map(({ device, args }) => [device.accountId, args.to].sort().join(' ')),
  );
  return [...pairs].flatMap((pair): Finding[] => {
    const both = pair.split(' ');
    const isBetween = (accountId: string, to: string | undefined): boolean =>
      both.includes(accountId) && both.includes(to ?? '') && accountId !== to;
    const isBlocked = facts
      .named('standing')
      .some(({ device, args }) => isBetween(device.accountId, args.to) && args.standing === 'blocked');
    const choosers = facts.named('timer').filter(({ device, args }) => isBetween(device.accountId, args.to));
    const isWhole = (device: Device): boolean => device.leavesAt === Infinity && device.putBacks.length === 0;
    if (isBlocked || !choosers.every(({ device }) => isWhole(device))) return [];
    const devices = facts.devices.filter(
      (device) => both.includes(device.accountId) && device.state !== null && isWhole(device),
    );
    const timers = devices.flatMap((device) => {
      const other = both.find((accountId) => accountId !== device.accountId);
      const row = device.state?.conversations.find(({ accountId }) => accountId === other);
      return row === undefined ? [] : [{ device, timer: row.timer ?? null }];
    });
    const [first, ...rest] = timers;
    return rest.flatMap(({ device, timer }): Finding[] => {
      if (first === undefined || timer === first.timer) return [];
      const what = `between ${both.join(' and ')} ${first.device.name} has a timer of ${first.timer}, ${device.name} of ${timer}`;
      const about = { devices: [first.device.name, device.name] };
      return [{ law: 'disappears-in-time', what, shownBy: [], about }];
    });
  });
};

export const disappearing = (facts: Facts): Finding[] => {
  const writtenAt = new Map(sendsOf(facts).map((send) => [keyOf(send.message), send.invokedAt]));
  return [
    ...facts.devices.flatMap((device) => [...tooEarly(facts, device, writtenAt), ...tooLate(facts, device)]),
    ...differing(facts),
  ];
};
