/** Frames of RFC 6455, as bytes: `ws` and the WebSocket of Node send none that are wrong. */

export const OPCODES = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Masked by zeros, as no client should. */
const MASK = Buffer.alloc(4);

/** A whole frame of a client. */
export const maskedFrame = (payload: Buffer, opcode: number): Buffer => {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | (opcode & 0x0f);
  if (length < 126) head[1] = 0x80 | length;
  else if (length < 65_536) {
    head[1] = 0x80 | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 0x80 | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, MASK, payload]);
};

export type Frame = { readonly opcode: number; readonly payload: Buffer };

/** The whole frames of a server at the beginning of what came, none of which is masked or in parts, and the rest. */
export const readFrames = (bytes: Buffer): { frames: Frame[]; rest: Buffer } => {
  const frames: Frame[] = [];
  let rest = bytes;
  for (;;) {
    const [first = 0, second = 0] = rest;
    const start = second < 126 ? 2 : second === 126 ? 4 : 10;
    if (rest.length < start) return { frames, rest };
    const length =
      second < 126 ? second : second === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < start + length) return { frames, rest };
    frames.push({ opcode: first & 0x0f, payload: rest.subarray(start, start + length) });
    rest = rest.subarray(start + length);
  }
};
