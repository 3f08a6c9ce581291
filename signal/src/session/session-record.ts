import { createRecordReader, createRecordWriter } from '../record-format.ts';
import { openRecord, sealRecord } from '../record-seal.ts';
import { SignalError } from '../signal-error.ts';
import { readSession, writeSession } from './session-state-record.ts';
import type { SessionState } from './session-state.ts';

/**
 * The sessions with one device. Messages are sent with the current one; the archived ones, newest first, read what
 * was still on its way.
 */
export type SessionRecord = {
  readonly current: SessionState | null;
  readonly archived: readonly SessionState[];
};

/** When a 41st one comes, the oldest is dropped. */
export const MAX_ARCHIVED = 40;

const FORMAT_VERSION = 1;

/** To be stored as a secret. Equal records are equal bytes. */
export const encodeSessionRecord = ({ current, archived }: SessionRecord): Uint8Array => {
  const writer = createRecordWriter();
  writer.u8(FORMAT_VERSION);
  writer.u8(current === null ? 0 : 1);
  if (current !== null) writeSession(writer, current);
  writer.u8(archived.length);
  for (const session of archived) writeSession(writer, session);
  return sealRecord(writer.finish());
};

/** @throws SignalError `invalid-record` for bytes that {@link encodeSessionRecord} does not write */
export const decodeSessionRecord = (bytes: Uint8Array): SessionRecord => {
  const reader = createRecordReader(openRecord(bytes));
  const version = reader.u8();
  const hasCurrent = reader.u8();
  if (version !== FORMAT_VERSION || hasCurrent > 1) throw new SignalError('invalid-record');
  const current = hasCurrent === 1 ? readSession(reader) : null;
  const count = reader.u8();
  if (count > MAX_ARCHIVED) throw new SignalError('invalid-record');
  const archived: SessionState[] = [];
  for (let index = 0; index < count; index += 1) {
    const session = readSession(reader);
    if (session.pending !== null) throw new SignalError('invalid-record');
    archived.push(session);
  }
  reader.end();
  return { current, archived };
};
