import type { Marker } from './marker.ts';
import type { ListedMessage } from './person-protocol.ts';

/** What came of everything that two people sent to each other. */
export type Told = {
  readonly sent: number;
  readonly accepted: number;
  readonly received: number;
  /** Times that a text appeared on a screen that had it already, plus rows too many in a conversation. */
  readonly shownTwice: number;
  readonly inOrder: boolean;
};

/** One person's side in the end. */
export type Side = {
  /** The conversation as it is in the vault, oldest first. */
  readonly listed: readonly ListedMessage[];
  /** Every text that appeared on the screen. */
  readonly shown: readonly string[];
};

/** The texts of one direction, in the order in which they are sent. Each is unlike any other and holds the marker. */
export type Letters = {
  readonly texts: readonly string[];
  /** Adds `count` texts and answers with them. */
  readonly write: (count: number) => string[];
};

export const createLetters = (from: string, to: string, marker: Marker): Letters => {
  const texts: string[] = [];
  return {
    texts,
    write: (count) => {
      const more = Array.from(
        { length: count },
        (_, index) => `${from} to ${to} ${texts.length + index + 1} (${marker.text})`,
      );
      texts.push(...more);
      return more;
    },
  };
};

const repeated = (texts: readonly string[]): number => texts.length - new Set(texts).size;

const incoming = ({ listed }: Side): string[] =>
  listed.filter(({ direction }) => direction === 'in').map(({ text }) => text);

/** Whether everything that somebody wrote has been accepted. */
export const isAllAccepted = (listed: readonly ListedMessage[]): boolean =>
  listed.every(({ direction, isAccepted }) => direction === 'in' || isAccepted);

/** `letters` are those that the person of `side` was to get. Counts both directions. */
export const tally = (directions: readonly { readonly letters: Letters; readonly side: Side }[]): Told => {
  const sum = (count: (direction: { letters: Letters; side: Side }) => number): number =>
    directions.reduce((total, direction) => total + count(direction), 0);
  return {
    sent: sum(({ letters }) => letters.texts.length),
    accepted: sum(
      ({ side }) =>
        side.listed.filter(({ direction, isAccepted }) => direction === 'out' && isAccepted).length,
    ),
    received: sum(({ letters, side }) => {
      const arrived = new Set(incoming(side));
      return letters.texts.filter((text) => arrived.has(text)).length;
    }),
    shownTwice: sum(({ side }) => repeated(side.shown) + repeated(incoming(side))),
    inOrder: directions.every(({ letters, side }) => incoming(side).join('\n') === letters.texts.join('\n')),
  };
};
