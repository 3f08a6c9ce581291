import type { Line } from '../history/line.ts';
import { keyOf } from './facts.ts';
import type { Violation } from './violation.ts';

/** What a person has to read to see a violation. */

/** More than that nobody reads: what is furthest from the lines that the law points at is left out first. */
const MAX_LINES = 40;

/** How near a line is to what is told: 0 when the law points at it, `null` when it has nothing to do with it. */
type Nearness = 0 | 1 | 2 | 3 | null;

const operationOf = (line: { readonly device: string; readonly operation: number }): string =>
  `${line.device} ${line.operation}`;

/** The key of the message that a line is about, whatever its device. */
const messageIn = (line: Line): string | null => {
  if (line.type === 'told') return 'message' in line ? keyOf(line.message) : null;
  if (line.type === 'returned') return line.message ? keyOf(line.message) : null;
  return line.type === 'invoked' && line.args.message ? keyOf(line.args.message) : null;
};

/** Only the rows of the messages, in the end of a history. */
const withRowsOf = (line: Line, messages: ReadonlySet<string>): Line =>
  line.type !== 'state'
    ? line
    : {
        ...line,
        state: {
          ...line.state,
          conversations: line.state.conversations
            .map((conversation) => ({
              ...conversation,
              messages: conversation.messages.filter((message) => messages.has(keyOf(message))),
            }))
            .filter((conversation) => messages.size === 0 || conversation.messages.length > 0),
        },
      };

/** Lines about the message itself, the life of the devices meanwhile, and the faults that were under way. */
export const shortestHistory = (history: readonly Line[], { shownBy, about }: Violation): readonly Line[] => {
  const pointedAt = new Set(shownBy.filter(Number.isFinite));
  const messages = new Set(about.messages ?? []);
  const devices = new Set(about.devices ?? []);
  const isMine = (device: string): boolean => devices.size === 0 || devices.has(device);

  const operations = new Set(
    history.flatMap((line) =>
      (line.type === 'returned' || line.type === 'invoked') &&
      (pointedAt.has(line.at) || messages.has(messageIn(line) ?? ''))
        ? [operationOf(line)]
        : [],
    ),
  );
  const isAbout = (line: Line): boolean => {
    if (line.type === 'invoked' || line.type === 'returned' || line.type === 'threw')
      return operations.has(operationOf(line));
    return line.type === 'told' && isMine(line.device) && messages.has(messageIn(line) ?? '');
  };
  const core = history.filter((line) => pointedAt.has(line.at) || isAbout(line)).map(({ at }) => at);
  // Without a line to point at, the whole run is what shows it.
  const [first, last] = core.length > 0 ? [Math.min(...core), Math.max(...core)] : [-Infinity, Infinity];
  const isBetween = ({ at }: Line): boolean => at >= first && at <= last;
  const beganBefore = new Set<number>();
  for (const line of history) {
    if (line.at >= first) break;
    if (line.type === 'fault') beganBefore.add(line.fault);
    if (line.type === 'fault-ended') beganBefore.delete(line.fault);
  }

  const nearness = (line: Line): Nearness => {
    if (pointedAt.has(line.at)) return 0;
    if (isAbout(line)) return 1;
    switch (line.type) {
      case 'state':
        return isMine(line.device) && messages.size > 0 ? 1 : null;
      case 'enrolled':
        return devices.has(line.device) ? 2 : null;
      case 'started':
      case 'stopped':
      case 'put-back':
        return devices.has(line.device) && isBetween(line) ? 2 : null;
      case 'crashed':
        return isMine(line.who) ? 2 : null;
      case 'told':
        return devices.has(line.device) && isBetween(line) && !('message' in line) ? 3 : null;
      case 'fault':
        return isBetween(line) || beganBefore.has(line.fault) ? 2 : null;
      case 'fault-ended':
        return isBetween(line) ? 3 : null;
      case 'healed':
        return 2;
      case 'settled':
        return line.isSettled ? null : 1;
      default:
        return null;
    }
  };
  const distance = ({ at }: Line): number =>
    Math.min(...(core.length > 0 ? core : [Infinity]).map((one) => Math.abs(one - at)));
  return history
    .flatMap((line) => {
      const near = nearness(line);
      return near === null ? [] : [{ line, near, distance: distance(line) }];
    })
    .sort((a, b) => a.near - b.near || a.distance - b.distance || a.line.at - b.line.at)
    .slice(0, MAX_LINES)
    .map(({ line }) => withRowsOf(line, messages))
    .sort((a, b) => a.at - b.at);
};
