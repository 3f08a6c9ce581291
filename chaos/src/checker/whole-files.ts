import { excuse } from './arrival.ts';
import { keyOf, type Facts } from './facts.ts';
import { readersOf, rowsOf, sendsOf, type Send } from './sends.ts';
import type { Finding } from './violation.ts';

/** Whoever has a message that was accepted has its files too, all of them, as they were sent. */

const NOT_FOUND = '?not-found';

const areSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((file, index) => file === others[index]);

const inWords = (files: readonly string[]): string =>
  files.map((file) => (file.startsWith('?') ? file : file.slice(0, 8))).join(', ') || 'no files';

/** All that is wrong is gone from all nodes, and one of them has lost its disk since. */
const isLostWithDisk = (
  facts: Facts,
  { invokedAt }: Send,
  sent: readonly string[],
  held: readonly string[],
): boolean =>
  facts.disksLostAt.some((at) => at > invokedAt) &&
  areSame(
    held,
    sent.map((file, index) => (held[index] === NOT_FOUND ? NOT_FOUND : file)),
  );

export const wholeFiles = (facts: Facts): Finding[] => {
  const findings: Finding[] = [];
  for (const send of sendsOf(facts)) {
    if (send.acceptedAt === Infinity) continue;
    const key = keyOf(send.message);
    const { files: sent = [] } = send.args;
    for (const reader of readersOf(facts, send)) {
      const [row] = rowsOf(reader).get(key) ?? [];
      if (row?.kind !== 'text' || excuse(facts, send, reader) !== null) continue;
      const { files: held = [] } = row;
      if (areSame(held, sent)) continue;
      const what = `with "${send.text}" ${send.device.name} has sent ${inWords(sent)}, and ${reader.name} has ${inWords(held)}`;
      const shownBy = [send.invokedAt, send.returnedAt, send.acceptedAt];
      const about = { messages: [key], devices: [send.device.name, reader.name] };
      findings.push(
        isLostWithDisk(facts, send, sent, held)
          ? { policy: 'files on a disk that was lost', what }
          : { law: 'files-are-whole', what, shownBy, about },
      );
    }
  }
  return findings;
};
