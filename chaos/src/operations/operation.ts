import { conversationWith, type ConversationId, type Message, type Messenger } from '@restante/client';
import type { OperationArguments, Reference } from '../history/line.ts';

/** What the plan leaves open until it is known what there is. Plain data: it goes to the process of the person. */
export type Wish = {
  /** Accounts that may be meant, the likeliest first; never empty. */
  readonly to: readonly string[];
  /** A text that nobody else writes in this run. */
  readonly text: string;
  /** Whole numbers below 2^16, taken modulo what there is to choose from. */
  readonly numbers: readonly number[];
};

/** A person about to do something. */
export type Acting = {
  readonly messenger: Messenger;
  readonly self: { readonly accountId: string; readonly deviceId: number };
  readonly password: string;
  /** Writes down that it begins, does it, and writes down what came of it. */
  readonly act: (args: OperationArguments, what: () => Promise<Reference | null>) => Promise<void>;
};

/** Something that a person does. Does nothing when there is nothing to do it to. */
export type Operation = {
  readonly name: string;
  /** Its name in a history, where it is not its own. */
  readonly writtenAs?: string;
  /** How often it is done, beside the others. */
  readonly weight: number;
  /** Kinds of content that it sends. */
  readonly contents: readonly string[];
  readonly perform: (acting: Acting, wish: Wish) => Promise<void>;
};

/** The item that a number means. */
export const choose = <T>(items: readonly T[], number = 0): T | undefined => items[number % items.length];

const SEEN = 30;

/** The newest messages of a conversation that are texts. */
const recentTexts = async (
  { messenger }: Acting,
  conversation: ConversationId,
  direction: Message['direction'] | undefined,
  isMeant: (message: Message) => boolean,
): Promise<Message[]> =>
  (await messenger.messages(conversation, { limit: SEEN })).filter(
    (message) =>
      message.kind === 'text' &&
      (direction === undefined || message.direction === direction) &&
      isMeant(message),
  );

/** A text that is there, in one of the conversations. */
export const chooseText = async (
  acting: Acting,
  { to, numbers }: Wish,
  direction?: Message['direction'],
  isMeant: (message: Message) => boolean = () => true,
): Promise<Message | null> => {
  const account = choose(to, numbers[0]);
  if (account === undefined) return null;
  return choose(await recentTexts(acting, conversationWith(account), direction, isMeant), numbers[1]) ?? null;
};
