import type { Input } from '../inputs/input.ts';
import { connectTo } from '../stage/connection.ts';
import { DEADLINE_MS, outcomeOf, unanswered, type Outcome } from './outcome.ts';

/** What is no whole request has no answer: our side ends after this, and the end of theirs is waited for. */
const PATIENCE_MS = 250;
/** A service that is busy gives up an upgrade whose other side has ended before it came to it. */
const PATIENCE_WITH_A_HEAD_MS = 5_000;

const HEAD_END = Buffer.from('\r\n\r\n');

/** Sends all, and takes the first line of an answer, or the end. */
export const performBytes = ({ to, bytes }: Extract<Input, { kind: 'bytes' }>): Promise<Outcome> =>
  new Promise((resolve) => {
    const socket = connectTo(to);
    let sinceMs = performance.now();
    let answer = '';
    const patience = setTimeout(
      () => {
        sinceMs = performance.now();
        socket.end();
      },
      bytes.includes(HEAD_END) ? PATIENCE_WITH_A_HEAD_MS : PATIENCE_MS,
    );
    const deadline = setTimeout(() => {
      resolve(unanswered(sinceMs));
      socket.destroy();
    }, DEADLINE_MS);
    socket.on('data', (data) => {
      answer += data.toString('latin1');
      const status = /^HTTP\/1\.1 (?!100)(\d{3})/.exec(answer)?.[1];
      if (status === undefined) return;
      resolve(outcomeOf(status, sinceMs));
      socket.destroy();
    });
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(patience);
      clearTimeout(deadline);
      resolve(outcomeOf('closed', sinceMs));
    });
    socket.write(bytes);
  });
