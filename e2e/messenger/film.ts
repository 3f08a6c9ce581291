import type { MessengerPage } from '@restante/testkit/messenger';

/** Size of the pictures, in pixels. */
const WIDTH = 320;
const HEIGHT = 180;
const FRAMES_PER_SECOND = 5;

/** An element of WebM (EBML, RFC 8794): its id in hexadecimal, the length of what is in it in 8 bytes, and that. */
const element = (id: string, ...content: readonly Buffer[]): Buffer => {
  const data = Buffer.concat(content);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(data.length) | (1n << 56n));
  return Buffer.concat([Buffer.from(id, 'hex'), length, data]);
};
const number = (id: string, value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return element(id, bytes);
};
const text = (id: string, value: string): Buffer => element(id, Buffer.from(value));

/** The VP8 key frame that a lossy WebP is made of. */
const frameOf = (webp: Buffer): Buffer => {
  const at = webp.indexOf('VP8 ', 12, 'latin1');
  if (at < 0) throw new Error('the browser has made another kind of WebP');
  return webp.subarray(at + 8, at + 8 + webp.readUInt32LE(at + 4));
};

/** A frame for each second, with a colour of its own. */
const draw = async (person: Pick<MessengerPage, 'page'>, seconds: number): Promise<Buffer[]> => {
  const drawn = await person.page().evaluate<number[][]>(`(async () => {
    const canvas = new OffscreenCanvas(${WIDTH}, ${HEIGHT});
    const context = canvas.getContext('2d', { alpha: false });
    const frames = [];
    for (let second = 0; second < ${seconds}; second += 1) {
      context.fillStyle = 'hsl(' + (second * 37) % 360 + ' 60% 40%)';
      context.fillRect(0, 0, ${WIDTH}, ${HEIGHT});
      context.fillStyle = 'white';
      context.font = '90px sans-serif';
      context.fillText(second, 110, 120);
      const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.7 });
      frames.push([...new Uint8Array(await blob.arrayBuffer())]);
    }
    return frames;
  })()`);
  return drawn.map((bytes) => frameOf(Buffer.from(bytes)));
};

/**
 * A WebM film of so many seconds, each of at least so many bytes. As with films of telephones, where each second is stands at its end: a player
 * that cannot read from the middle cannot seek.
 */
export const film = async (
  person: Pick<MessengerPage, 'page'>,
  seconds: number,
  bytesPerSecond: number,
): Promise<Buffer> => {
  const frames = await draw(person, seconds);
  const clusters = frames.map((frame, second) =>
    element(
      '1f43b675',
      number('e7', second * 1_000),
      ...Array.from({ length: FRAMES_PER_SECOND }, (_, index) => {
        const header = Buffer.from([0x81, 0, 0, 0x80]);
        header.writeInt16BE((index * 1_000) / FRAMES_PER_SECOND, 1);
        return element('a3', header, frame);
      }),
      element('ec', Buffer.alloc(bytesPerSecond)),
    ),
  );
  const duration = Buffer.alloc(8);
  duration.writeDoubleBE(seconds * 1_000);
  const about = Buffer.concat([
    element(
      '1549a966',
      number('2ad7b1', 1_000_000),
      element('4489', duration),
      text('4d80', 'test'),
      text('5741', 'test'),
    ),
    element(
      '1654ae6b',
      element(
        'ae',
        ...[number('d7', 1), number('73c5', 1), number('83', 1), text('86', 'V_VP8')],
        element('e0', number('b0', WIDTH), number('ba', HEIGHT)),
      ),
    ),
  ]);
  const seekHead = (cuesAt: number): Buffer =>
    element(
      '114d9b74',
      element('4dbb', element('53ab', Buffer.from('1c53bb6b', 'hex')), number('53ac', cuesAt)),
    );
  let at = seekHead(0).length + about.length;
  const cues = clusters.map((cluster, second) => {
    const point = element(
      'bb',
      number('b3', second * 1_000),
      element('b7', number('f7', 1), number('f1', at)),
    );
    at += cluster.length;
    return point;
  });
  return Buffer.concat([
    element(
      '1a45dfa3',
      ...[number('4286', 1), number('42f7', 1), number('42f2', 4), number('42f3', 8)],
      ...[text('4282', 'webm'), number('4287', 2), number('4285', 2)],
    ),
    element('18538067', seekHead(at), about, ...clusters, element('1c53bb6b', ...cues)),
  ]);
};
