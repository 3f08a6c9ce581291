import type { DeviceState, SeenMessage } from '../history/line.ts';
import { mayBeLostWithDisk } from './arrival.ts';
import { blockedBy, keyOf, type Device, type Facts } from './facts.ts';
import { rowsOf, sendsOf, wordingsOf } from './sends.ts';
import type { Finding } from './violation.ts';

/** All devices of a person say the same in the end, of what was written and has come since the newest of them is there. */

const canReadFiles = ({ files = [] }: SeenMessage): boolean => files.every((file) => !file.startsWith('?'));

/** Without the reactions of those `besides`. */
const describe = (
  { kind, text, former, files, state, direction, reactions }: SeenMessage,
  besides: ReadonlySet<string | undefined>,
  areFilesRead: boolean,
): string =>
  JSON.stringify([
    kind,
    text,
    former,
    areFilesRead ? files : null,
    // Of what others wrote it is told whether it was seen.
    direction === 'in' ? state : null,
    Object.entries(reactions)
      .filter(([by]) => !besides.has(by))
      .sort(),
  ]);

const standingsOf = (state: DeviceState): Map<string, string> =>
  new Map(state.conversations.map(({ accountId, standing }) => [accountId, standing]));

/** Conversations that a device has deleted, which it does for itself alone. */
const forgottenBy = (facts: Facts, by: Device): Set<string | undefined> =>
  new Set(facts.named('forget').flatMap(({ device, args }) => (device === by ? [args.to] : [])));

/** An edit may have been pushed to one device alone before its author left, or had a vault put back. */
const isHalfEdited = (facts: Facts, key: string): boolean =>
  facts
    .named('edit')
    .some(
      ({ device, message }) =>
        message !== null &&
        keyOf(message) === key &&
        (device.leavesAt !== Infinity || device.putBacks.length > 0),
    );

const bothSides = (facts: Facts, one: Device, other: Device, since: number): Finding[] => {
  const findings: Finding[] = [];
  const [left, right] = [rowsOf(one), rowsOf(other)];
  const devices = [one.name, other.name];
  const [forgotten, forgottenByOther] = [forgottenBy(facts, one), forgottenBy(facts, other)];
  const wereBlocked = blockedBy(facts, one.accountId);
  const writtenBefore = new Set(
    facts.named('text').flatMap(({ args, invokedAt }) => (invokedAt < since ? [args.text] : [])),
  );
  const sends = sendsOf(facts);
  const unaccepted = new Set(
    sends.flatMap(({ message, acceptedAt }) => (acceptedAt === Infinity ? [keyOf(message)] : [])),
  );
  const onLostDisk = new Set(
    sends.flatMap((send) => (mayBeLostWithDisk(facts, send) ? [keyOf(send.message)] : [])),
  );
  const isLate = (key: string): boolean =>
    [left, right].every((rows) =>
      (rows.get(key) ?? []).every((row) => wordingsOf(row).every((text) => !writtenBefore.has(text))),
    ) &&
    [one, other].every(({ told }) =>
      told.every((line) => !('message' in line) || keyOf(line.message) !== key || line.at > since),
    );
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const [a, b] = [left.get(key)?.[0], right.get(key)?.[0]];
    const kinds = [a, b].map((row) => row?.kind);
    // Notes of a device's own, and a row that was taken back and one that never was, are the same to a person.
    if (kinds.includes('keys-changed') || kinds.includes('unknown')) continue;
    // What disappears is asked of `disappearing`, with what is chosen for it.
    if ([a, b].some((row) => row?.timer !== undefined || row?.kind === 'timer')) continue;
    if (kinds.every((kind) => kind === undefined || kind === 'deleted')) continue;
    // What nobody accepted is known where it was written alone, or where it was pushed before its sender's vault was put back.
    if ([a, b].some((row) => row?.state === 'failed' || row?.state === 'queued')) continue;
    if (unaccepted.has(key) || isHalfEdited(facts, key)) continue;
    if (kinds.includes(undefined) && onLostDisk.has(key)) continue;
    if (a === undefined && forgotten.has(b?.conversation)) continue;
    if (b === undefined && forgottenByOther.has(a?.conversation)) continue;
    // Whoever was blocked has written it, or has taken it back, while one of the devices knew that.
    if (kinds[0] !== kinds[1] && wereBlocked.has((a ?? b)?.author)) continue;
    if (!isLate(key)) continue;
    const areFilesRead = [a, b].every((row) => row === undefined || canReadFiles(row));
    const [said, otherwise] = [a, b].map((row) =>
      row ? describe(row, wereBlocked, areFilesRead) : 'nothing',
    );
    if (said === otherwise) continue;
    const what = `of ${key} ${one.name} says ${said}, ${other.name} ${otherwise}`;
    findings.push({ law: 'own-devices-agree', what, shownBy: [since], about: { messages: [key], devices } });
  }
  if (one.state === null || other.state === null) return findings;
  const [standings, others] = [standingsOf(one.state), standingsOf(other.state)];
  for (const [accountId, standing] of standings) {
    const told = others.get(accountId);
    if (told === undefined || told === standing) continue;
    const what = `${one.name} has ${accountId} as ${standing}, ${other.name} as ${told}`;
    findings.push({ law: 'own-devices-agree', what, shownBy: [], about: { devices } });
  }
  return findings;
};

export const agreement = (facts: Facts): Finding[] =>
  [...Map.groupBy(facts.devices, ({ accountId }) => accountId).values()].flatMap((own) => {
    const staying = own.filter(
      ({ state, leavesAt, putBacks }) => state !== null && leavesAt === Infinity && putBacks.length === 0,
    );
    const [first, ...rest] = staying;
    if (first === undefined) return [];
    const since = Math.max(...staying.map(({ enrolledAt }) => enrolledAt));
    return rest.flatMap((other) => bothSides(facts, first, other, since));
  });
