import { messageTime, type MessageId } from '@restante/protocol';
import { addressed } from '../content/addressed.ts';
import { chosenTimer, standingTimer, type ChosenTimer } from '../content/chosen-timer.ts';
import { timerContent } from '../content/kinds/timer.ts';
import type { Device } from '../account/device.ts';
import { MessengerError } from '../messenger-error.ts';
import type { Composer } from '../sending/compose.ts';
import { givenTo } from '../sending/given-to.ts';
import type { ServerClock } from '../server/clock.ts';
import { named, type ConversationId } from '../vault/conversation-id.ts';
import type { Store, Transaction } from '../vault/store.ts';
import type { Message } from '../vault/tables.ts';
import type { Conversations } from './conversations.ts';
import type { Messages } from './messages.ts';

/** After what messages of conversations disappear. */
export type Timing = {
  /**
   * From now on what is written in a conversation, by either side, disappears after so many seconds, or (null) stays; writing it lets the other one
   * in, as a text does. Of two choices the later one stands, for everybody.
   *
   * @throws MessengerError `bad-timer` for what is no whole number of seconds from {@link MIN_TIMER_SECONDS} to
   *   {@link MAX_TIMER_SECONDS}, `keys-changed`, `clock-skew` when another choice is of a time that is yet to come
   */
  readonly setMessageTimer: (conversation: ConversationId, seconds: number | null) => Promise<void>;
};

/** What a message is given that is written now. */
export const timerOf = async (
  transaction: Pick<Transaction, 'get'>,
  conversation: ConversationId,
): Promise<Pick<Message, 'timer'>> => {
  const seconds = (await transaction.get('timers', conversation))?.seconds ?? null;
  return seconds === null ? {} : { timer: seconds };
};

type ApplyTimerDeps = {
  readonly conversations: Pick<Conversations, 'change'>;
  readonly clock: Pick<ServerClock, 'latest'>;
};

/** A choice from further ahead than masters take is of a clock that was wrong: any other one stands before it, so that nobody chooses for good. */
const isFromAhead = ({ clock }: Pick<ApplyTimerDeps, 'clock'>, { id }: { readonly id: MessageId }): boolean =>
  messageTime(id) > clock.latest();

/** Takes what was chosen, by whomever. */
export const applyTimer = async (
  transaction: Transaction,
  deps: ApplyTimerDeps,
  conversation: ConversationId,
  chosen: ChosenTimer,
): Promise<void> => {
  const known = await transaction.get('timers', conversation);
  const stands = known === undefined || isFromAhead(deps, known) ? chosen : standingTimer(known, chosen);
  if (stands === known) return;
  transaction.put('timers', conversation, stands);
  const row = await transaction.get('conversations', conversation);
  if (row === undefined || (row.timer ?? null) === stands.seconds) return;
  await deps.conversations.change(transaction, conversation, { timer: stands.seconds });
};

export type TimingDeps = {
  readonly store: Store;
  readonly device: Device;
  readonly clock: ServerClock;
  readonly messages: Pick<Messages, 'add'>;
  readonly composer: Composer;
  readonly conversations: Pick<Conversations, 'change'>;
  readonly admitWriting: (
    transaction: Transaction,
    conversation: ConversationId,
    despiteKeys: boolean,
  ) => Promise<void>;
  /** Something has been put into the outbox. */
  readonly pump: () => void;
  /** Resolves when the vault has been read and the time is known. */
  readonly ready: () => Promise<void>;
};

export const createTiming = (deps: TimingDeps): Timing => {
  const { store, device, clock, messages, composer } = deps;

  const choose = async (
    transaction: Transaction,
    conversation: ConversationId,
    seconds: number | null,
  ): Promise<void> => {
    const known = await transaction.get('timers', conversation);
    if ((known?.seconds ?? null) === seconds) return;
    const id = await clock.mint(transaction);
    const chosen = chosenTimer.safeParse({ seconds, id });
    if (!chosen.success) throw new MessengerError('bad-timer', 'messages cannot disappear after this time');
    if (known && known.id > id && !isFromAhead(deps, known))
      throw new MessengerError('clock-skew', 'another choice is of a later time than it is now');
    await deps.admitWriting(transaction, conversation, false);
    await applyTimer(transaction, deps, conversation, chosen.data);
    const row: Message = {
      ...{ id, conversation, text: '', sentAt: messageTime(id) },
      ...{ direction: 'out', kind: 'timer', state: 'queued' },
      ...(seconds !== null && { timer: seconds }),
    };
    const { key } = await messages.add(transaction, device.accountId(), row);
    const list = (await transaction.get('deviceLists', device.accountId()))?.generation;
    const { accountId } = named(conversation);
    const content = timerContent(row, device.self().username, list);
    await composer.enqueue(transaction, id, {
      ...addressed(device.self(), accountId, content, await givenTo(transaction, device, accountId)),
      ...{ renew: [], shows: key },
    });
    transaction.afterCommit(deps.pump);
  };

  return {
    setMessageTimer: async (conversation, seconds) => {
      await deps.ready();
      await store.transact((transaction) => choose(transaction, conversation, seconds));
    },
  };
};
