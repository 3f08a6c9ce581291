import { pseudonym, type Logger } from './log.ts';

export type SetAsideDocument<Fault extends string> = {
  readonly database: string;
  /** Its beginning, when it is long. */
  readonly id: string;
  readonly fault: Fault;
};

/**
 * Documents that were found not to be what they should (law 16): they are passed over, and stay where they are. A service
 * counts them, logs each once and without its content, and names some to its operator.
 */
export type SetAside<Fault extends string> = {
  /** Notes a document. It is logged the first time. */
  readonly note: (database: string, id: string, fault: Fault) => void;
  /** The document has changed or is gone: whoever reads it next says what it is. */
  readonly clear: (database: string, id: string) => void;
  /** The database was dropped. */
  readonly forget: (database: string) => void;
  readonly counts: () => Readonly<Record<Fault, number>>;
  /** Some of them, for the operator's eyes alone. */
  readonly examples: () => readonly SetAsideDocument<Fault>[];
};

/** More are passed over alike, and neither counted nor logged. */
const MAX_DOCUMENTS = 10_000;
const EXAMPLES = 10;
const MAX_ID_CHARACTERS = 200;

export const createSetAside = <Fault extends string>(
  log: Logger,
  faults: readonly Fault[],
): SetAside<Fault> => {
  const byKey = new Map<string, SetAsideDocument<Fault>>();
  const beginning = (id: string): string => id.slice(0, MAX_ID_CHARACTERS);
  const keyOf = (database: string, id: string): string => `${database}/${beginning(id)}`;

  return {
    note: (database, id, fault) => {
      const key = keyOf(database, id);
      const known = byKey.get(key);
      if (known?.fault === fault || (known === undefined && byKey.size >= MAX_DOCUMENTS)) return;
      byKey.set(key, { database, id: beginning(id), fault });
      log.warn(
        { event: 'document-set-aside', database, document: pseudonym(id), fault },
        'a document that is not as it should be is passed over',
      );
    },
    clear: (database, id) => {
      byKey.delete(keyOf(database, id));
    },
    forget: (database) => {
      for (const [key, document] of byKey) if (document.database === database) byKey.delete(key);
    },
    counts: () => {
      const counts = Object.fromEntries(faults.map((fault) => [fault, 0])) as Record<Fault, number>;
      for (const { fault } of byKey.values()) counts[fault] += 1;
      return counts;
    },
    examples: () => [...byKey.values()].slice(0, EXAMPLES),
  };
};
