import * as z from 'zod/mini';
import type { Message } from '../vault/tables.ts';
import type { Applying, Lasting, RowKind, Sent } from './kind.ts';
import { deletedRow, deletion } from './kinds/deletion.ts';
import { edit } from './kinds/edit.ts';
import { files } from './kinds/files.ts';
import { reaction } from './kinds/reaction.ts';
import { text, textRow } from './kinds/text.ts';
import { timer, timerRow } from './kinds/timer.ts';
import type { MessageReference } from './parts.ts';

/** Contents that are told to own devices too, as `sent`. */
export const shared = z.discriminatedUnion('kind', [
  text.schema,
  files.schema,
  edit.schema,
  reaction.schema,
  deletion.schema,
  timer.schema,
]);
export type SharedContent = z.infer<typeof shared>;

/** What every shared kind has, whatever its content. */
type SharedKind = {
  readonly references: (content: SharedContent, sent: Sent) => readonly MessageReference[];
  readonly apply: (applying: Applying, content: SharedContent) => Promise<boolean>;
  readonly lasting: (content: SharedContent) => Lasting;
};
const KINDS = { text, files, edit, reaction, deletion, timer };

export const sharedKindOf = ({ kind }: SharedContent): SharedKind => KINDS[kind] as SharedKind;

/** The rows that hold what was sent, by their kind. */
const ROWS: Partial<Record<Message['kind'], RowKind<SharedContent>>> = {
  [textRow.kind]: textRow,
  [deletedRow.kind]: deletedRow,
  [timerRow.kind]: timerRow,
};

/** Undefined for a row that no content of this messenger has made. */
export const rowKindOf = ({ kind }: Pick<Message, 'kind'>): RowKind<SharedContent> | undefined => ROWS[kind];
