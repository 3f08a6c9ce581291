import type { Facts } from './facts.ts';
import type { Finding, Law } from './violation.ts';

/** What the servers and the machine look like in the end. */

const MIB = 1024 * 1024;

/** What each process has in production, by the start of its name; a messenger, and what serves it, has the last. */
const MAX_MEMORY: readonly (readonly [start: string, bytes: number])[] = [
  ['couch', 1_024 * MIB],
  ['node', 384 * MIB],
  ['master', 1_024 * MIB],
  ['', 512 * MIB],
];
const maxMemory = (who: string): number =>
  MAX_MEMORY.find(([start]) => who.startsWith(start))?.[1] ?? Infinity;

const each = (law: Law, items: readonly string[], what: (item: string) => string): Finding[] =>
  items.map((item) => ({ law, what: what(item), shownBy: [], about: {} }));

/** `account:device:message`, as ids of envelopes begin. */
const ENVELOPE = /^([^:]+):\d+:/;

export const servers = ({ lines, overwritten, devices }: Facts): Finding[] => {
  const accounts = new Set(devices.map(({ accountId }) => accountId));
  /** A server whose data was lost has all envelopes anew, those of earlier runs too. */
  const isOfThisRun = (id: string): boolean => {
    const account = ENVELOPE.exec(id)?.[1];
    return account === undefined || accounts.has(account);
  };
  const isContradiction = (conflict: string): boolean => {
    const id = conflict.slice(conflict.indexOf('/') + 1);
    return isOfThisRun(id) && !overwritten.has(id);
  };

  return lines.flatMap((line): Finding[] => {
    switch (line.type) {
      case 'servers': {
        const { waiting, different, conflicts, unbalanced, forGhosts, filesWithSecrets, unhandled } =
          line.state;
        return [
          ...each('servers-empty-and-alike', waiting, (id) => `${id} still waits`),
          ...each('servers-empty-and-alike', different, (id) => `the nodes differ in ${id}`),
          ...each(
            'servers-empty-and-alike',
            conflicts.filter(isContradiction),
            (id) => `${id} is in conflict`,
          ),
          ...each('servers-empty-and-alike', unbalanced, (ledger) => `a ledger does not add up: ${ledger}`),
          ...each('for-its-devices-alone', forGhosts, (id) => `${id} was sent to a device that nobody has`),
          ...each('no-plaintext', filesWithSecrets, (file) => `${file} holds what only people may read`),
          ...each('no-crash', unhandled, (text) => `an error nobody caught: ${text}`),
        ];
      }
      case 'crashed':
        return [
          {
            law: 'no-crash',
            what: `${line.who} ended: ${line.how}`,
            shownBy: [line.at],
            about: { devices: [line.who] },
          },
        ];
      case 'memory':
        return line.bytes <= maxMemory(line.who)
          ? []
          : [{ law: 'no-crash', what: `${line.who} has ${line.bytes} bytes`, shownBy: [line.at], about: {} }];
      case 'settled':
        return line.isSettled
          ? []
          : [{ law: 'heals', what: `not whole in time: ${line.why ?? ''}`, shownBy: [line.at], about: {} }];
      default:
        return [];
    }
  });
};

/** Nothing is left in a messenger that waits or cannot be read. */
export const outboxes = ({ devices }: Facts): Finding[] =>
  devices.flatMap(({ name, state, leavesAt }): Finding[] =>
    state === null || leavesAt !== Infinity || state.outbox === 0
      ? []
      : [
          {
            law: 'heals',
            what: `${state.outbox} still wait in the outbox of ${name}`,
            shownBy: [],
            about: { devices: [name] },
          },
        ],
  );
