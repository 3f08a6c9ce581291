import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { conversationWith, DEFAULT_PACE } from '@restante/client';
import { waitFor } from '@restante/testkit';
import { createPerson, type Person } from '@restante/testkit/cluster';

/** Two people who are there, and one who writes to the other all the time. */
export type Chat = AsyncDisposable & {
  /** Resolves when the texts flow. */
  readonly flows: () => Promise<void>;
  /** Resolves when more texts have been accepted, whether or not they come. */
  readonly accepts: () => Promise<void>;
  /** Copies that the text accepted last had when it was accepted. */
  readonly copies: () => number | null;
  /** The reader answers: the author is no stranger then, whatever masters have forgotten. */
  readonly answers: () => Promise<void>;
  /** No more texts are written; resolves when the last one has come. */
  readonly end: () => Promise<Outcome>;
};

export type Outcome = {
  readonly texts: number;
  readonly lost: readonly string[];
  readonly shownTwice: readonly string[];
  readonly outOfOrder: boolean;
  /** Texts that their author was told had failed. */
  readonly failed: readonly string[];
  /** The longest time between two texts that came. */
  readonly longestPauseMs: number;
};

/** From one text to the next. */
const EVERY_MS = 50;
const TO_COME_MS = 120_000;

/**
 * Registers both at this origin, or each at the first of their own; their vaults are in the folder. They have the patience of the real
 * messenger.
 */
export const startChat = async (
  origins: string | readonly [readonly string[], readonly string[]],
  folder: string,
  names: [string, string],
  everyMs = EVERY_MS,
): Promise<Chat> => {
  const [ofAuthor, ofReader] = typeof origins === 'string' ? [[origins], [origins]] : origins;
  const enter = async (name: string, masters: readonly string[]): Promise<Person> => {
    const person = await createPerson(name, join(folder, `${name}.sqlite`), masters, DEFAULT_PACE);
    await person.enterLive();
    return person;
  };
  const [author, reader] = [await enter(names[0], ofAuthor), await enter(names[1], ofReader)];
  let answered = 0;
  // A stranger has little room in a mailbox. Whom one has written to is none.
  const answers = async (): Promise<void> => {
    const text = `answer ${(answered += 1)}`;
    await reader.sendAccepted(author, text);
    await author.seesLast(reader, text);
  };
  await answers();
  const arrivals: number[] = [];
  let copies: number | null = null;
  const accepted = new Set<string>();
  reader.messenger().on('message', ({ direction }) => {
    if (direction === 'in') arrivals.push(performance.now());
  });
  author.messenger().on('message-changed', (message) => {
    if (message.copies === undefined) return;
    copies = message.copies;
    accepted.add(message.id);
  });

  const written: string[] = [];
  let isEnded = false;
  const write = async (): Promise<void> => {
    while (!isEnded) {
      const text = `text ${written.length + 1}`;
      await author.send(reader, text);
      written.push(text);
      await sleep(everyMs);
    }
  };
  const writing = write();
  // Whoever waits for the end is told; nobody has to.
  writing.catch(() => undefined);

  return {
    flows: async () => {
      const before = arrivals.length;
      await waitFor('texts to flow', () => arrivals.length > before + 20, { timeoutMs: TO_COME_MS });
    },
    accepts: async () => {
      const before = accepted.size;
      await waitFor('texts to be accepted', () => accepted.size > before + 20, { timeoutMs: TO_COME_MS });
    },
    copies: () => copies,
    answers,
    end: async () => {
      isEnded = true;
      await writing;
      await waitFor('every text to come', () => reader.shown.length >= written.length, {
        timeoutMs: TO_COME_MS,
      });
      await waitFor('every text to be accepted', async () => (await author.outboxSize()) === 0);
      const seen = await reader.textsFrom(author);
      const own = await author
        .messenger()
        .messages(conversationWith(reader.address.accountId), { limit: written.length });
      const pauses = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? at));
      return {
        texts: written.length,
        lost: written.filter((text) => !seen.includes(text)),
        shownTwice: reader.shown.filter((text, index) => reader.shown.indexOf(text) !== index),
        outOfOrder: seen.join() !== written.join(),
        failed: own.filter(({ state }) => state === 'failed').map(({ text }) => text),
        longestPauseMs: Math.max(0, ...pauses),
      };
    },
    [Symbol.asyncDispose]: async () => {
      isEnded = true;
      await writing.catch(() => undefined);
      await Promise.all([author, reader].map((person) => person[Symbol.asyncDispose]()));
    },
  };
};
