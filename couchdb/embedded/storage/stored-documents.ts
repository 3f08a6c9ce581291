/**
 * Reads what PouchDB has written, past its queue, its streams and its copies: a message is read several times for every
 * time it is written. This relies on how version 9 of PouchDB's LevelDB adapter lays documents out: an entry with the
 * metadata under the id of every document, deleted or not, and an entry with the body under the sequence of every
 * written revision. What belongs together is read from one snapshot.
 */
import type { ClassicLevel } from 'classic-level';
import type { PouchDocument } from 'pouchdb-core';
import { DocumentEntry, type StoredMetadata } from './document-entry.ts';

export type Level = ClassicLevel<string, string | Buffer>;
type Snapshot = ReturnType<Level['snapshot']>;

/** A document that is or was, and the body of its winner. */
export interface DocumentState {
  entry: DocumentEntry;
  body: PouchDocument;
}

export interface IdRange {
  startKey: string | undefined;
  endKey: string | undefined;
  /** Whether the end key itself belongs to the range. */
  inclusiveEnd: boolean;
  descending: boolean;
}

export interface StateChanges {
  /** Each document once, at its last change. */
  states: DocumentState[];
  /** Where the next page starts. */
  lastSequence: number;
  atEnd: boolean;
}

const metadataPrefix = '\u00ffdocument-store\u00ff';
const metadataEnd = '\u00ffdocument-store\u0100';
const bodyPrefix = '\u00ffby-sequence\u00ff';
const bodyEnd = '\u00ffby-sequence\u0100';
const asText = { valueEncoding: 'utf8' };

/** How an iterator reads: it may give less than it is asked for, and nothing only at its end. */
const readAhead = { ...asText, highWaterMarkBytes: 128 * 1024 };
const changesPerRead = 32;
/** A page of changes ends when it holds so much. */
const maxPageBytes = 1024 * 1024;

export class StoredDocuments {
  readonly #level: Level;

  constructor(level: Level) {
    this.#level = level;
  }

  /** How many documents there are, deleted ones included. Reads every key. */
  async count(): Promise<number> {
    const keys = this.#level.keys({ gte: metadataPrefix, lt: metadataEnd });
    try {
      for (let count = 0; ;) {
        const { length } = await keys.nextv(1000);
        if (length === 0) return count;
        count += length;
      }
    } finally {
      await keys.close();
    }
  }

  /** The metadata as it is stored, under its key; undefined for documents that never were. */
  async metadata(ids: string[], snapshot?: Snapshot): Promise<{ key: string; text: string | undefined }[]> {
    const keys = ids.map((id) => metadataPrefix + id);
    const texts = await this.#getMany(keys, snapshot);
    return keys.map((key, index) => ({ key, text: texts[index] }));
  }

  async entries(ids: string[], snapshot?: Snapshot): Promise<(DocumentEntry | undefined)[]> {
    const stored = await this.metadata(ids, snapshot);
    return stored.map(({ text }) => (text === undefined ? undefined : parseEntry(text)));
  }

  /** The bodies of revisions; undefined for those that are not there or no longer there. */
  async bodies(
    wanted: { entry: DocumentEntry; rev: string }[],
    snapshot?: Snapshot,
  ): Promise<(PouchDocument | undefined)[]> {
    const stored = await this.#getMany(
      wanted.map(({ entry, rev }) => bodyKey(entry.bodySequence(rev) ?? 0)),
      snapshot,
    );
    return stored.map((text) => (text === undefined ? undefined : (JSON.parse(text) as PouchDocument)));
  }

  /** The next entries of a range, after an id of it. */
  async page(range: IdRange, after: string | undefined, count: number): Promise<DocumentEntry[]> {
    const iterator = this.#level.iterator<string, string>({
      ...boundsOf(range, after),
      ...readAhead,
      reverse: range.descending,
      limit: count,
    });
    try {
      const rows = await iterator.all();
      return rows.map(([, text]) => parseEntry(text));
    } finally {
      await iterator.close();
    }
  }

  /** The changes after a place, no more than `limit`; fewer when they are large or overwritten. */
  async changes(since: number, limit: number): Promise<StateChanges> {
    const snapshot = this.#level.snapshot();
    const iterator = this.#level.iterator<string, string>({
      gt: bodyKey(since),
      lt: bodyEnd,
      limit,
      snapshot,
      ...readAhead,
    });
    try {
      const rows: { sequence: number; body: PouchDocument }[] = [];
      let atEnd = false;
      for (let bytes = 0; rows.length < limit && bytes < maxPageBytes && !atEnd;) {
        const read = await iterator.nextv(changesPerRead);
        atEnd = read.length === 0;
        for (const [key, text] of read) {
          rows.push({ sequence: sequenceOf(key), body: JSON.parse(text) as PouchDocument });
          bytes += text.length;
        }
      }
      const states = await this.#currentStates(rows, snapshot);
      return { states, lastSequence: rows.at(-1)?.sequence ?? since, atEnd: atEnd && rows.length < limit };
    } finally {
      await iterator.close();
      await snapshot.close();
    }
  }

  /** The newest changes first. */
  async latestChanges(limit: number): Promise<DocumentState[]> {
    const snapshot = this.#level.snapshot();
    const iterator = this.#level.iterator<string, string>({
      gt: bodyPrefix,
      lt: bodyEnd,
      reverse: true,
      snapshot,
      ...readAhead,
    });
    try {
      const states: DocumentState[] = [];
      while (states.length < limit) {
        const read = await iterator.nextv(changesPerRead);
        if (read.length === 0) break;
        const rows = read.map(([key, text]) => ({
          sequence: sequenceOf(key),
          body: JSON.parse(text) as PouchDocument,
        }));
        states.push(...(await this.#currentStates(rows, snapshot)));
      }
      return states.slice(0, limit);
    } finally {
      await iterator.close();
      await snapshot.close();
    }
  }

  /** Drops what has been overwritten since, and takes the winner's body where another revision was written last. */
  async #currentStates(
    rows: { sequence: number; body: PouchDocument }[],
    snapshot: Snapshot,
  ): Promise<DocumentState[]> {
    const entries = await this.entries(
      rows.map(({ body }) => body._id),
      snapshot,
    );
    const states = rows.flatMap(({ sequence, body }, index) => {
      const entry = entries[index];
      return entry?.sequence === sequence ? [{ entry, body }] : [];
    });
    const lost = states.filter(({ entry, body }) => body._rev !== entry.winner);
    const winners = await this.bodies(
      lost.map(({ entry }) => ({ entry, rev: entry.winner })),
      snapshot,
    );
    for (const [index, state] of lost.entries()) state.body = winners[index] ?? state.body;
    return states;
  }

  async #getMany(keys: string[], snapshot: Snapshot | undefined): Promise<(string | undefined)[]> {
    if (keys.length === 0) return [];
    return this.#level.getMany<string, string>(keys, { ...asText, ...(snapshot && { snapshot }) });
  }
}

function boundsOf({ startKey, endKey, inclusiveEnd, descending }: IdRange, after: string | undefined) {
  const start = startKey === undefined ? undefined : metadataPrefix + startKey;
  const end = endKey === undefined ? undefined : metadataPrefix + endKey;
  const next = after === undefined ? undefined : metadataPrefix + after;
  const low = descending ? end : start;
  const high = descending ? start : end;
  const endIsOpen = end !== undefined && !inclusiveEnd;
  return {
    ...(next !== undefined && !descending
      ? { gt: next }
      : { [descending && endIsOpen ? 'gt' : 'gte']: low ?? metadataPrefix }),
    ...(next !== undefined && descending
      ? { lt: next }
      : high === undefined
        ? { lt: metadataEnd }
        : { [!descending && endIsOpen ? 'lt' : 'lte']: high }),
  };
}

function parseEntry(text: string): DocumentEntry {
  return new DocumentEntry(JSON.parse(text) as StoredMetadata);
}

function bodyKey(sequence: number): string {
  return bodyPrefix + String(sequence).padStart(16, '0');
}

function sequenceOf(key: string): number {
  return Number(key.slice(bodyPrefix.length));
}
