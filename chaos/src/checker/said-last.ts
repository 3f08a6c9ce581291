import { excuse } from './arrival.ts';
import { isLostWithVault, keyOf, type Device, type Done, type Facts } from './facts.ts';
import { messagesTold, readersOf, rowsOf, sendsOf, wordingsOf } from './sends.ts';
import type { Finding } from './violation.ts';

/** Whoever has a text has it as its author has said it last: one device's edits stand in their order, and above its first words. */

/** Whether the words are those of the text itself, or of an edit that was over on the same device before this one began. */
const isEarlier = (words: string, edit: Done, edits: readonly Done[], first: string): boolean =>
  words === first ||
  edits.some(
    ({ device, args, returnedAt }) =>
      args.text === words && device === edit.device && returnedAt < edit.invokedAt,
  );

/** A promise: it was kept in a vault that is there to the end. */
const isPromised = ({ returnedAt, device }: Done): boolean =>
  returnedAt !== Infinity && device.leavesAt === Infinity && device.putBacks.length === 0;

const wasShown = (device: Device, key: string, text: string | undefined): number[] =>
  (messagesTold(device).get(key) ?? []).flatMap(([at, seen]) =>
    text !== undefined && wordingsOf(seen).includes(text) ? [at] : [],
  );

export const saidLast = (facts: Facts): Finding[] => {
  const findings: Finding[] = [];
  const editsOf = Map.groupBy(facts.named('edit'), ({ message }) => (message === null ? '' : keyOf(message)));
  for (const send of sendsOf(facts)) {
    const key = keyOf(send.message);
    const edits = editsOf.get(key) ?? [];
    for (const reader of readersOf(facts, send)) {
      const [row] = rowsOf(reader).get(key) ?? [];
      if (row?.kind !== 'text' || row.state === 'failed' || excuse(facts, send, reader) !== null) continue;
      const later = edits.find((edit) => isPromised(edit) && isEarlier(row.text, edit, edits, send.text));
      if (later === undefined) continue;
      const what = `"${row.text}" stands at ${reader.name}, and ${later.device.name} has said "${later.args.text ?? ''}" since`;
      const shownAt = wasShown(reader, key, later.args.text);
      const shownBy = [later.invokedAt, later.returnedAt, ...shownAt];
      const about = { messages: [key], devices: [later.device.name, reader.name] };
      findings.push(
        isLostWithVault(reader, shownAt)
          ? { policy: 'an edit that was read, deleted from the servers, and lost with the vault', what }
          : { law: 'says-what-was-said-last', what, shownBy, about },
      );
    }
  }
  return findings;
};
