/** The parts of PouchDB 9 this package uses. PouchDB ships no types of its own. */

declare module 'pouchdb-core' {
  export interface PouchDocument {
    _id: string;
    _rev: string;
    _deleted?: boolean;
    _conflicts?: string[];
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

  export interface PouchChange {
    id: string;
    seq: number;
    changes: { rev: string }[];
    deleted?: boolean;
    doc: PouchDocument;
  }

  export interface PouchRow {
    id: string;
    key: string;
    value: { rev: string; deleted?: boolean };
    doc?: PouchDocument | null;
    error?: string;
  }

  export interface PouchRevisionNode {
    pos: number;
    ids: PouchRevisionBranch;
  }

  /** Hash, state and children. */
  export type PouchRevisionBranch = [
    string,
    { status: 'available' | 'missing'; deleted?: boolean },
    PouchRevisionBranch[],
  ];

  export interface PouchGetOptions {
    rev?: string;
    revs?: boolean;
    revs_info?: boolean;
    conflicts?: boolean;
    attachments?: boolean;
    latest?: boolean;
  }

  export interface PouchAllDocsOptions {
    startkey?: string;
    endkey?: string;
    inclusive_end?: boolean;
    descending?: boolean;
    include_docs?: boolean;
    conflicts?: boolean;
    attachments?: boolean;
    limit?: number;
    skip?: number;
    keys?: string[];
  }

  export interface PouchChangesOptions {
    since?: number;
    limit?: number;
    descending?: boolean;
    style?: 'all_docs' | 'main_only';
    include_docs?: boolean;
    attachments?: boolean;
    conflicts?: boolean;
  }

  type Callback<Result> = (error: unknown, result: Result) => void;

  export default class PouchDB {
    constructor(name: string, options: Record<string, unknown>);
    static adapter(name: string, adapter: unknown, preferred?: boolean): void;
    static plugin(plugin: unknown): void;

    bulkDocs(
      request: { docs: object[] },
      options: { new_edits: boolean },
    ): Promise<(PouchWriteOk | PouchError)[]>;
    get(id: string, options?: PouchGetOptions): Promise<PouchDocument>;
    put(document: object): Promise<PouchWriteOk>;
    remove(document: object): Promise<PouchWriteOk>;
    getAttachment(id: string, name: string, options?: { rev?: string }): Promise<Buffer>;
    allDocs(options: PouchAllDocsOptions): Promise<{ total_rows: number; rows: PouchRow[] }>;
    changes(options: PouchChangesOptions): Promise<{ results: PouchChange[]; last_seq: number }>;
    info(): Promise<{ doc_count: number; update_seq: number }>;
    compactDocument(id: string, maxHeight: number): Promise<unknown>;
    close(): Promise<void>;
    destroy(): Promise<unknown>;
    setMaxListeners(count: number): this;

    /** The adapter's own call: the only way to a revision tree. */
    _getRevisionTree(id: string, callback: Callback<PouchRevisionNode[]>): void;
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
