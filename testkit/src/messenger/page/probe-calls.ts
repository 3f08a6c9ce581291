import type { TableName, Tables } from '@restante/client';

export type StoredRow<T extends TableName = TableName> = { readonly key: string; readonly value: Tables[T] };

/** A message as the page shows it. */
export type ShownMessage = {
  readonly id: string;
  readonly direction: string;
  readonly kind: string;
  readonly state: string | null;
  /** Null for what has none, such as a message that was deleted. */
  readonly text: string | null;
};

export type PastedFile = { readonly type: string; readonly bytes: readonly number[] };

/** What tests call in a page of the messenger, as `probe`. */
export type Probe = {
  /** The rows of the vault, behind the messenger's back, also from a page that does not run it. */
  readonly rows: (table: TableName) => Promise<readonly StoredRow[]>;
  /** In one transaction. */
  readonly put: (table: TableName, rows: readonly StoredRow[]) => Promise<void>;
  readonly clear: (table: TableName) => Promise<void>;
  /** How many parts are kept of each file, behind the messenger's back. */
  readonly keptParts: () => Promise<readonly number[]>;
  /** Resolves when the service worker serves this page. */
  readonly isInstalled: () => Promise<void>;
  /** Those of the open conversation that are in the document, in its order. */
  readonly messages: () => readonly ShownMessage[];
  /** Puts a text into the field that has the focus, at once as a clipboard does. */
  readonly paste: (text: string) => void;
  /** The same with a file, which the page may take or leave. */
  readonly pasteFile: (file: PastedFile) => void;
  /** Scrolls the open conversation by so many screens, and waits for a frame; answers whether it moved. */
  readonly scroll: (screens: number) => Promise<boolean>;
};
