import { equalBytes } from '../bytes.ts';
import { MAX_ARCHIVED, type SessionRecord } from './session-record.ts';
import type { SessionState } from './session-state.ts';

/** Which session is the current one (signal.org/docs/specifications/sesame). */

/** Nothing is sent any more until a new session is started; messages on their way are still read. */
export const archiveCurrent = ({ current, archived }: SessionRecord): SessionRecord =>
  current === null
    ? { current, archived }
    : { current: null, archived: [{ ...current, pending: null }, ...archived].slice(0, MAX_ARCHIVED) };

/** Makes a session the current one; what was current is archived. */
export const withCurrent = (record: SessionRecord, current: SessionState): SessionRecord => ({
  current,
  archived: archiveCurrent(record).archived,
});

/** Takes a session out of the archive. */
const withoutArchived = ({ current, archived }: SessionRecord, session: SessionState): SessionRecord => ({
  current,
  archived: archived.filter((other) => other !== session),
});

/** `session` of this record as the current one, in its state `changed`. */
export const promote = (
  record: SessionRecord,
  session: SessionState,
  changed: SessionState,
): SessionRecord =>
  session === record.current
    ? { current: changed, archived: record.archived }
    : withCurrent(withoutArchived(record, session), changed);

/** All sessions in the order in which they are tried. */
export const sessionsOf = ({ current, archived }: SessionRecord): readonly SessionState[] =>
  current === null ? archived : [current, ...archived];

export const findSession = (record: SessionRecord, baseKey: Uint8Array): SessionState | undefined =>
  sessionsOf(record).find((session) => equalBytes(session.baseKey, baseKey));
