import { VERSIONS } from '@restante/protocol';
import type { Input } from '../inputs/input.ts';
import { openConnection, type Connection, type Heard } from '../stage/connection.ts';
import { maskedFrame, OPCODES } from '../stage/web-socket-frames.ts';
import type { Frame } from '../surface/frames.ts';
import { DEADLINE_MS, outcomeOf, unanswered, type Outcome } from './outcome.ts';

type FrameInput = Extract<Input, { kind: 'frames' }>;

const PING = maskedFrame(Buffer.from('{"type":"ping"}'), OPCODES.text);

/** The type of a frame that a master takes; null when it is none. */
const typeOf = (payload: Buffer): string | null => {
  try {
    const read = VERSIONS[0].upstream.read.safeParse(JSON.parse(payload.toString('utf8')));
    return read.success ? read.data.type : null;
  } catch {
    return null;
  }
};

const said = ({ type, code }: Heard): string => (code === null ? type : `${type} ${code}`);

const exchange = (connection: Connection, input: FrameInput, frames: readonly Frame[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const sinceMs = performance.now();
    const type = input.as === 'text' ? typeOf(input.payload) : null;
    const answers = frames.find((frame) => frame.type === type)?.answers ?? [];
    const isSilent = type !== null && answers.length === 0;
    const finish = (outcome: Outcome): void => {
      clearTimeout(deadline);
      connection.listen(
        () => undefined,
        () => undefined,
      );
      resolve(outcome);
    };
    const deadline = setTimeout(() => {
      finish(unanswered(sinceMs));
      connection[Symbol.dispose]();
    }, DEADLINE_MS);
    connection.listen(
      (heard) => {
        const isAnswer =
          heard.type === 'error' || answers.includes(heard.type) || (isSilent && heard.type === 'pong');
        if (isAnswer) finish(outcomeOf(isSilent && heard.type === 'pong' ? 'taken' : said(heard), sinceMs));
      },
      (how) => finish(outcomeOf(how, sinceMs)),
    );
    if (input.as === 'raw') {
      connection.send(input.payload);
      // Bytes that are half a frame are answered by nobody.
      connection.end();
      return;
    }
    connection.send(maskedFrame(input.payload, OPCODES[input.as]));
    if (isSilent) connection.send(PING);
  });

/** Sends frames one after the other, on one connection as long as that lasts. */
export const createFrameLane = (frames: readonly Frame[]) => {
  let current: { readonly connection: Connection; readonly key: string } | null = null;

  const connectionFor = async ({ to, device }: FrameInput): Promise<Connection | null> => {
    const key = `${to} ${device.accountId}`;
    if (current?.key === key && current.connection.isOpen()) return current.connection;
    current?.connection[Symbol.dispose]();
    current = null;
    const connection = await openConnection(to, device.tokens.master);
    if (connection !== null) current = { connection, key };
    return connection;
  };

  return {
    perform: async (input: FrameInput): Promise<Outcome> => {
      const sinceMs = performance.now();
      const connection = await connectionFor(input);
      return connection === null ? outcomeOf('not connected', sinceMs) : exchange(connection, input, frames);
    },
    [Symbol.dispose]: () => current?.connection[Symbol.dispose](),
  };
};

export type FrameLane = ReturnType<typeof createFrameLane>;
