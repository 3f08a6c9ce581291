import { conversationWith, type Message } from '../../index.ts';
import type { Facts, Written } from './schedule-facts.ts';
import type { ScriptedDevice, ScriptedWorld } from './scripted-world.ts';

/** What a device shows of a conversation with a person. */
type Shown = { readonly device: ScriptedDevice; readonly rows: readonly Message[] };

const readAll = async (world: ScriptedWorld, one: number, other: number): Promise<Shown[]> =>
  Promise.all(
    world.devices
      .filter(({ person }) => person === one || person === other)
      .map(async (device) => {
        const peer = world.accounts[device.person === one ? other : one] ?? '';
        const all = await device.messenger?.messages(conversationWith(peer), { limit: 10_000 });
        return { device, rows: (all ?? []).filter(({ kind }) => kind !== 'keys-changed') };
      }),
  );

/** Reactions that are there, by account. */
const reactionsOf = ({ reactions = {} }: Message): string =>
  JSON.stringify(
    Object.entries(reactions)
      .filter(([, { emoji }]) => emoji !== null)
      .map(([account, { emoji }]) => [account, emoji])
      .sort(),
  );

/** What a text said first: the label that it was written with. */
const labelOf = ({ text, edited }: Message): string => edited?.former[0]?.text ?? text;

const looksOf = (message: Message): string =>
  `${message.kind} "${message.text}" ${JSON.stringify(message.edited)} ${message.kind === 'text' ? reactionsOf(message) : ''}`;

/**
 * What must hold when a schedule has come to rest, as violations in words. What is certain alone counts: where a device died on the way
 * of something that a person did, it may have been done or not, but to all alike.
 */
export const violationsOf = async (
  world: ScriptedWorld,
  facts: Facts,
  isAcquainted: boolean,
): Promise<string[]> => {
  const violations = world.devices.flatMap(({ witness }) => witness.violations);
  const note = (device: ScriptedDevice, what: string): void =>
    void violations.push(`${device.name}: ${what}`);

  const checkText = (text: Written, { device, rows }: Shown): void => {
    const { takenBack, hidden, read, edits, reactions } = facts.deedsTo(text);
    const isMine = device.person === text.by.person;
    const row = rows.find(({ id, direction }) => id === text.id && (direction === 'out') === isMine);
    const hiding = hidden.get(device.person);
    if (hiding === 'kept' && row) note(device, `${text.label} was deleted here and is there`);
    if (!row && hiding === undefined) note(device, `${text.label} was promised and is not there`);
    if (!row) return;
    if (takenBack === 'kept' && row.kind !== 'deleted')
      note(device, `${text.label} was taken back and is there`);
    if (takenBack === null && (row.kind !== 'text' || labelOf(row) !== text.label))
      note(device, `${text.label} is shown as ${looksOf(row)}`);
    if (row.kind !== 'text') return;
    const last = edits.at(-1);
    const isLastCertain = edits.every((each) => each.certain && each.device === last?.device);
    const mayBe = isLastCertain
      ? [last?.words ?? text.label]
      : [text.label, ...edits.map(({ words }) => words)];
    if (!mayBe.includes(row.text))
      note(device, `${text.label} says ${looksOf(row)} instead of ${mayBe.join()}`);
    if (!isMine && read.has(device.person) && row.state !== 'seen') note(device, `${text.label} is not seen`);
    if (!isAcquainted) return;
    if (isMine && read.has(text.to) && row.state !== 'read')
      note(device, `${text.label} has been read and is ${row.state}`);
    if (isMine && row.state === 'failed') note(device, `${text.label} has arrived and is failed`);
    for (const person of [text.by.person, text.to]) {
      const own = reactions.filter((each) => each.device.person === person);
      const last = own.at(-1);
      if (!last || own.some((each) => each.device !== last.device || !each.certain)) continue;
      const shown = row.reactions?.[world.accounts[person] ?? '']?.emoji ?? null;
      if (shown !== last.emoji) note(device, `${text.label} has reaction ${shown} instead of ${last.emoji}`);
    }
  };

  const checkOrder = ({ device, rows }: Shown): void => {
    for (const by of world.devices) {
      const kept = facts.written.filter((text) => text.by === by && text.certainty === 'kept');
      const orders = rows.flatMap((row) => kept.find(({ label }) => label === labelOf(row))?.order ?? []);
      if (orders.some((order, index) => order < (orders[index - 1] ?? 0)))
        note(device, `texts of ${by.name} are shown in the order ${orders.join()}`);
    }
  };

  const checkAgreement = (shown: readonly Shown[]): void => {
    const nameOf = ({ device }: Shown, { direction, id }: Message): string =>
      `${(direction === 'out') === (device.person === shown[0]?.device.person) ? 0 : 1} ${id}`;
    const all = new Map<string, { readonly looks: string; readonly device: ScriptedDevice }>();
    const names = shown.map((each) => {
      const own = new Map(each.rows.map((row) => [nameOf(each, row), row]));
      for (const [name, row] of own) {
        const looks = looksOf(row);
        const first = all.get(name) ?? { looks, device: each.device };
        all.set(name, first);
        if (first.looks !== looks)
          note(each.device, `shows ${looks} where ${first.device.name} shows ${first.looks}`);
      }
      if (own.size < each.rows.length) note(each.device, 'shows a message twice');
      return own;
    });
    for (const [index, one] of shown.entries())
      for (const [later, other] of shown.entries()) {
        const [mine, theirs] = [names[index], names[later]];
        if (later <= index || one.device.person !== other.device.person || !mine || !theirs) continue;
        for (const name of new Set([...mine.keys(), ...theirs.keys()])) {
          const [a, b] = [mine.get(name), theirs.get(name)];
          if (!a || !b)
            note(a ? other.device : one.device, `lacks what its person's other device shows: ${name}`);
          else if ((a.state === 'seen') !== (b.state === 'seen'))
            note(other.device, `"${b.text}" is ${b.state}, and on ${one.device.name} it is ${a.state}`);
        }
      }
  };

  for (const [one] of world.accounts.entries())
    for (const [other] of world.accounts.entries()) {
      if (other <= one) continue;
      const shown = await readAll(world, one, other);
      shown.forEach(checkOrder);
      for (const { device, before } of facts.standingBlocks(one, other, isAcquainted))
        for (const row of shown.find((each) => each.device === device)?.rows ?? [])
          if (
            facts.written.some(
              ({ label, by }) => label === labelOf(row) && by.person !== device.person && !before?.has(label),
            )
          )
            note(device, `"${row.text}" is of somebody who was blocked before`);
      if (facts.isBlocked(one, other)) continue;
      for (const text of facts.written)
        if (
          text.certainty === 'kept' &&
          [one, other].includes(text.by.person) &&
          [one, other].includes(text.to)
        )
          for (const each of shown) checkText(text, each);
      checkAgreement(shown);
    }

  for (const device of world.devices) {
    if (device.rows('setAside').length > 0) note(device, 'something could not be decrypted');
    for (const { id, unread } of (await device.messenger?.conversations()) ?? []) {
      const rows = device
        .rows('messages')
        .filter((row) => row.conversation === id && row.state === 'received');
      if (rows.length !== unread) note(device, `counts ${unread} as unread of ${rows.length}`);
    }
  }
  return violations;
};
