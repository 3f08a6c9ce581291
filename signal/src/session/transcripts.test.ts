import { describe, test } from 'vitest';
import { loadTranscript, replay, type PartyName } from './transcript.model.ts';

/** In this order: each file needs a little more than the one before. */
const TRANSCRIPTS = ['oneway', 'basic', 'limits', 'no-one-time-prekey', 'crossing', 'chaos', 'bursts'];
/** One side never sends a chunk of the post-quantum ratchet. */
const REDUCED = ['milestone', 'milestone-initiator'];

const EITHER_AND_BOTH: readonly (readonly PartyName[])[] = [['alice'], ['bob'], ['alice', 'bob']];

describe.each([...TRANSCRIPTS, ...REDUCED])('transcript %s of the official package', (name) => {
  const transcript = loadTranscript(name);
  const replayed = transcript.replay === undefined ? EITHER_AND_BOTH : [transcript.replay];
  test.each(replayed.map((parties) => [parties.join(' and '), parties] as const))('%s', (_, parties) => {
    replay(transcript, parties);
  });
});
