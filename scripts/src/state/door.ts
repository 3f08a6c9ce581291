import { request } from 'node:https';

/** What the certificates of a cell say, in PEM, and where a server's door is. */
export type Door = {
  readonly server: number;
  /** `host:port` */
  readonly address: string;
  readonly ca: Buffer;
  readonly certificate: Buffer;
  readonly key: Buffer;
};

const ANSWER_DEADLINE_MS = 5_000;

/** Asks the mailbox node behind the door of a server whether it is ready: `ready`, or why it is not. */
export const knockAtDoor = ({ server, address, ca, certificate, key }: Door): Promise<string> =>
  new Promise((resolve) => {
    const [host, port] = address.split(':');
    const asked = request({
      host,
      port,
      path: '/ready',
      servername: `node.server${server}.cell`,
      ca,
      cert: certificate,
      key,
      rejectUnauthorized: true,
      timeout: ANSWER_DEADLINE_MS,
      agent: false,
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', (error) => {
      resolve(error.message);
    });
    asked.on('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? 'ready' : `not ready (${answer.statusCode})`);
    });
    asked.end();
  });
