import type { Reference, SeenMessage } from '../history/line.ts';
import { keyOf, type Device, type Done, type Facts } from './facts.ts';

/** A text that somebody was promised: it was in the outbox, or was told to be accepted. */
export type Send = Done & {
  readonly to: string;
  readonly text: string;
  readonly message: Reference;
  /** When its sender was first told that it is accepted; `Infinity`: never. */
  readonly acceptedAt: number;
  /** Of the first acceptance. */
  readonly copies: number;
  /** Its time may be over before it comes to a device: another one has read it. */
  readonly disappears: boolean;
};

/** A receipt of one device may come before that, while another one has nothing yet. */
const isAccepted = ({ copies }: SeenMessage): boolean => copies !== undefined;

/** What a device told of its messages, by their keys. */
export const messagesTold = (
  device: Device,
  lines = device.told,
): Map<string, [at: number, SeenMessage][]> => {
  const told = new Map<string, [number, SeenMessage][]>();
  for (const line of lines) {
    if (line.event !== 'message' && line.event !== 'message-changed') continue;
    const key = keyOf(line.message);
    const list = told.get(key);
    if (list) list.push([line.at, line.message]);
    else told.set(key, [[line.at, line.message]]);
  }
  return told;
};

export const sendsOf = (facts: Facts): Send[] => {
  const toldBy = new Map(facts.devices.map((device) => [device, messagesTold(device)]));
  const endsAt = facts.lines.at(-1)?.at ?? 0;
  return facts.named('text').flatMap((done): Send[] => {
    const { message, device } = done;
    const { to, text } = done.args;
    if (to === undefined || text === undefined || message === null) return [];
    const told = toldBy.get(device)?.get(keyOf(message)) ?? [];
    const accepted = told.find(([, seen]) => isAccepted(seen));
    return [
      {
        ...done,
        to,
        text,
        message,
        acceptedAt: accepted?.[0] ?? Infinity,
        copies: accepted?.[1].copies ?? 0,
        disappears: told.some(
          ([, { timer = Infinity }]) =>
            done.invokedAt + timer * 1_000 < endsAt || (timer < Infinity && facts.clocksWrongAt < Infinity),
        ),
      },
    ];
  });
};

/** Devices that are to have it in the end: those of its reader and its author that were there, and stay. */
export const readersOf = (facts: Facts, { to, device, invokedAt }: Send): Device[] =>
  [...facts.devicesOf(to), ...facts.devicesOf(device.accountId)].filter(
    ({ state, enrolledAt, leavesAt }) => state !== null && leavesAt === Infinity && enrolledAt < invokedAt,
  );

/** Rows of a device in the end, by key. */
export const rowsOf = (device: Device): Map<string, SeenMessage[]> =>
  Map.groupBy(
    (device.state?.conversations ?? []).flatMap(({ messages }) => messages),
    keyOf,
  );

/** All that a text says and has said, its first words first. */
export const wordingsOf = ({ former = [], text }: SeenMessage): string[] => [...former, text];
