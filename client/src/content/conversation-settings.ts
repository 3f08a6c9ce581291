import type { MessageId } from '@restante/protocol';

/** How a person has set up a conversation, for all of their devices. Nobody else is told. */
export type ConversationSettings = {
  /** Stands above the others. */
  readonly pinned: boolean;
  /** Until then nothing tells of what comes. Milliseconds since 1970, server's clock; null: not muted. */
  readonly mutedUntil: number | null;
  /** Put away then, until something comes or is sent. Milliseconds since 1970, server's clock; null: not put away. */
  readonly archivedAt: number | null;
  /** To be come back to, though everything has been read. */
  readonly markedUnread: boolean;
  /** What this person calls the other one. */
  readonly nickname: string | null;
};

/** What was chosen, each with the id of its choice: the later one stands. */
export type ChosenSettings = {
  readonly [Name in keyof ConversationSettings]?: {
    readonly value: ConversationSettings[Name];
    readonly id: MessageId;
  };
};

/** UTF-16 units. */
export const MAX_NICKNAME_LENGTH = 64;

/** Longer than anybody will look: the last day that a date can name. */
export const MUTED_FOR_GOOD = 8_640_000_000_000_000;

export const NO_SETTINGS: ConversationSettings = {
  pinned: false,
  mutedUntil: null,
  archivedAt: null,
  markedUnread: false,
  nickname: null,
};

const NAMES = Object.keys(NO_SETTINGS) as (keyof ConversationSettings)[];

/** These, as chosen with this id. */
export const chosenWith = (id: MessageId, changes: Partial<ConversationSettings>): ChosenSettings =>
  Object.fromEntries(
    NAMES.flatMap((name) => (changes[name] === undefined ? [] : [[name, { value: changes[name], id }]])),
  );

/** Of each setting the choice with the later id. */
export const laterChoices = (one: ChosenSettings, other: ChosenSettings): ChosenSettings =>
  Object.fromEntries(
    NAMES.flatMap((name) => {
      const [a, b] = [one[name], other[name]];
      const later = a === undefined || (b !== undefined && b.id > a.id) ? b : a;
      return later === undefined ? [] : [[name, later]];
    }),
  );

export const settingsOf = (chosen: ChosenSettings): ConversationSettings => ({
  ...NO_SETTINGS,
  ...Object.fromEntries(
    NAMES.flatMap((name) => (chosen[name] === undefined ? [] : [[name, chosen[name].value]])),
  ),
});

export const isMuted = ({ mutedUntil }: Pick<ConversationSettings, 'mutedUntil'>, nowMs: number): boolean =>
  mutedUntil !== null && nowMs < mutedUntil;

/** A conversation: when its newest message was, and how many are unread. */
type SetUp = {
  readonly settings: ConversationSettings;
  readonly lastMessageAt: number;
  readonly unread: number;
};

/** Whether a conversation is out of the way: what is new in it brings it back, unless it is muted. */
export const isArchived = ({ settings, lastMessageAt, unread }: SetUp, nowMs: number): boolean => {
  const { archivedAt } = settings;
  if (archivedAt === null) return false;
  return isMuted(settings, nowMs) || (lastMessageAt <= archivedAt && unread === 0);
};
