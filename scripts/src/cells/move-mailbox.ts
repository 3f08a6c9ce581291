import type { CellNode } from '@restante/master-node';
import type { DeviceAddress, Envelope, MessageId, StoredEnvelope } from '@restante/protocol';
import type { MailboxCalls } from './mailbox-calls.ts';

/** What became of the messages that wait for a device in its former cell. */
export type MovedMail = {
  /** Written to the own cell now. */
  readonly copied: number;
  /** There before. */
  readonly there: number;
  /** Not on W nodes of the own cell: they stay where they are, and the next run tries again. */
  readonly left: number;
  /** Deleted in the former cell. */
  readonly removed: number;
};

/** `copy`: writes to the own cell what waits in the former one alone. `remove`: deletes it there afterwards. `verify`: counts, and does neither. */
export type MoveMode = 'copy' | 'remove' | 'verify';

type Cells = {
  readonly former: readonly CellNode[];
  readonly own: readonly CellNode[];
  readonly writeConcern: number;
};

const storedOf = (mailbox: DeviceAddress, envelope: Envelope): StoredEnvelope => {
  const { id, senderId, senderDeviceId, expiresAt, type, payload } = envelope;
  return { ...mailbox, id, senderId, senderDeviceId, expiresAt, type, payload };
};

/**
 * Moves what waits for one device from its former cell to its own. It keeps no state: what has been done is seen, so that it may end
 * anywhere and be done again. A copy is the document that is there or was (law 5): what its owner has deleted stays deleted
 * (law 4), and what they delete meanwhile ends when it comes. Nothing is deleted that W nodes of the own cell do not have.
 *
 * @throws NodeCallError when too few nodes of the former cell give what they have, so that something might be passed over
 */
export const moveMailbox = async (
  mailbox: DeviceAddress,
  { former, own, writeConcern }: Cells,
  calls: MailboxCalls,
  mode: MoveMode,
): Promise<MovedMail> => {
  const held = await Promise.allSettled(former.map((node) => calls.ids(node, mailbox)));
  const heard = held.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  if (heard.filter(({ isWhole }) => isWhole).length < former.length + 1 - writeConcern) {
    const failed = held.find((answer) => answer.status === 'rejected');
    throw failed?.reason ?? new Error('a node is being filled by the others');
  }
  const waiting = new Set(heard.flatMap(({ ids }) => ids));
  if (waiting.size === 0) return { copied: 0, there: 0, left: 0, removed: 0 };

  /** Nodes of the own cell that have each. */
  const has = new Map([...waiting].map((id) => [id, new Set<string>()]));
  const note = (node: CellNode, ids: readonly MessageId[]): void => {
    for (const id of ids) has.get(id)?.add(node.name);
  };
  const isSafe = (id: MessageId): boolean => (has.get(id)?.size ?? 0) >= writeConcern;
  await Promise.allSettled(
    own.map(async (node) => {
      note(node, (await calls.ids(node, mailbox)).ids);
    }),
  );
  const before = new Set([...waiting].filter(isSafe));
  if (mode === 'verify')
    return { copied: 0, there: before.size, left: waiting.size - before.size, removed: 0 };

  const given = new Set<MessageId>();
  const store = async (node: CellNode, envelopes: readonly Envelope[]): Promise<void> => {
    const lacking = envelopes.filter(({ id }) => has.get(id)?.has(node.name) === false);
    if (lacking.length === 0) return;
    const results = await calls.store(
      node,
      lacking.map((envelope) => storedOf(mailbox, envelope)),
    );
    note(
      node,
      lacking.flatMap(({ id }, index) => (results[index]?.status === 'stored' ? [id] : [])),
    );
    // Law 8: it has ended where it is, too.
    lacking.forEach(({ id }, index) => {
      const result = results[index];
      if (result?.status === 'refused' && result.code === 'message-expired') waiting.delete(id);
    });
  };
  const isEverywhere = (): boolean => [...has.values()].every(({ size }) => size === own.length);
  const copyFrom = async (node: CellNode): Promise<void> => {
    if (isEverywhere()) return;
    for await (const envelopes of calls.pages(node, mailbox)) {
      for (const { id } of envelopes) given.add(id);
      await Promise.allSettled(own.map((to) => store(to, envelopes)));
    }
  };
  let unread = 0;
  for (const node of former) await copyFrom(node).catch(() => (unread += 1));
  // What no node gives any more its owner has deleted meanwhile.
  if (unread === 0) for (const id of waiting) if (!given.has(id) && !isSafe(id)) waiting.delete(id);

  const safe = [...waiting].filter(isSafe);
  const counted = {
    copied: safe.filter((id) => !before.has(id)).length,
    there: before.size,
    left: waiting.size - safe.length,
  };
  if (mode === 'copy') return { ...counted, removed: 0 };
  await Promise.all(former.map((node) => calls.delete(node, mailbox, safe)));
  return { ...counted, removed: safe.length };
};
