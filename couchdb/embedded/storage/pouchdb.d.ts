/** The parts of PouchDB 9 this package uses. PouchDB ships no types of its own. */

declare module 'pouchdb-core' {
  export interface PouchDocument {
    _id: string;
    _rev: string;
    _deleted?: boolean;
    _conflicts?: string[];
    _deleted_conflicts?: string[];
    _revisions?: { start: number; ids: string[] };
    _revs_info?: { rev: string; status: string }[];
    _attachments?: Record<string, PouchAttachment>;
    [field: string]: unknown;
  }

  export interface PouchAttachment {
    content_type: string;
    digest: string;
    length?: number;
    revpos?: number;
    stub?: boolean;
    data?: string | Buffer;
  }

  export interface PouchWriteOk {
    ok: true;
    id: string;
    rev: string;
  }

  export interface PouchError {
    error: true | string;
    status: number;
    name: string;
    message: string;
    reason?: string;
    id?: string;
  }

  export default class PouchDB {
    constructor(name: string, options: Record<string, unknown>);
    static adapter(name: string, adapter: unknown, preferred?: boolean): void;
    static plugin(plugin: unknown): void;

    bulkDocs(
      request: { docs: object[] },
      options: { new_edits: boolean },
    ): Promise<(PouchWriteOk | PouchError)[]>;
    /** Of a `_local` document. */
    get(id: string): Promise<PouchDocument>;
    put(document: object): Promise<PouchWriteOk>;
    remove(document: object): Promise<PouchWriteOk>;
    getAttachment(id: string, name: string, options?: { rev?: string }): Promise<Buffer>;
    info(): Promise<{ doc_count: number; update_seq: number }>;
    compactDocument(id: string, maxHeight: number): Promise<unknown>;
    close(): Promise<void>;
  }
}

declare module 'pouchdb-adapter-leveldb-core' {
  interface LevelPouch {
    (this: unknown, options: Record<string, unknown>, callback: (error: unknown) => void): void;
  }
  const levelPouch: LevelPouch;
  export default levelPouch;
}

declare module 'pouchdb-selector-core' {
  /** Whether a document is what a Mango selector asks for. Throws when the selector is none. */
  export function matchesSelector(document: object, selector: object): boolean;
  /** Orders rows by the fields of their documents, each entry naming one. */
  export function createFieldSorter<Row extends { doc: object }>(
    sort: Record<string, string>[],
  ): (a: Row, b: Row) => number;
  export function parseField(field: string): string[];
  export function getFieldFromDoc(document: object, parsedField: string[]): unknown;
  export function setFieldInDoc(document: object, parsedField: string[], value: unknown): void;
}
