import { pseudonym, type Logger } from '@restante/service-kit';
import type { DocumentFault } from './envelope-row.ts';

export type SetAsideDocument = {
  readonly database: string;
  readonly id: string;
  readonly fault: DocumentFault;
};

/** Documents of buckets that were found to be no envelopes. They stay where they are until their bucket is dropped. */
export type SetAside = {
  /** Notes a document. It is logged the first time. */
  readonly note: (database: string, id: string, fault: DocumentFault) => void;
  /** The document has changed or is gone: whoever reads it next says what it is. */
  readonly clear: (database: string, id: string) => void;
  /** The database was dropped. */
  readonly forget: (database: string) => void;
  readonly counts: () => Readonly<Record<DocumentFault, number>>;
  /** Some of them, by which an operator finds them. */
  readonly examples: () => readonly SetAsideDocument[];
};

/** More are passed over alike, and neither counted nor logged. */
const MAX_DOCUMENTS = 10_000;
const EXAMPLES = 10;
/** An envelope's id has 77 characters or fewer; of a longer one the beginning tells enough. */
const MAX_ID_CHARACTERS = 200;

export const createSetAside = (log: Logger): SetAside => {
  const byKey = new Map<string, SetAsideDocument>();
  const keyOf = (database: string, id: string): string => `${database}/${id.slice(0, MAX_ID_CHARACTERS)}`;

  return {
    note: (database, id, fault) => {
      const key = keyOf(database, id);
      const known = byKey.get(key);
      if (known?.fault === fault || (known === undefined && byKey.size >= MAX_DOCUMENTS)) return;
      byKey.set(key, { database, id: id.slice(0, MAX_ID_CHARACTERS), fault });
      log.warn(
        { event: 'document-set-aside', database, document: pseudonym(id), fault },
        'a document that is no envelope is passed over',
      );
    },
    clear: (database, id) => {
      byKey.delete(keyOf(database, id));
    },
    forget: (database) => {
      for (const [key, document] of byKey) if (document.database === database) byKey.delete(key);
    },
    counts: () => {
      const counts = { 'foreign-id': 0, 'foreign-revision': 0, 'bad-fields': 0 };
      for (const { fault } of byKey.values()) counts[fault] += 1;
      return counts;
    },
    examples: () => [...byKey.values()].slice(0, EXAMPLES),
  };
};
