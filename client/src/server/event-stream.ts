import { MessengerError } from '../messenger-error.ts';

/** One event of a `text/event-stream` (HTML standard, 9.2). */
export type StreamEvent = { readonly name: string; readonly data: string };

const LINE_END = /\r\n|\r|\n/;

/**
 * The events of a stream of bytes. Comments (heartbeats) come as events named `comment`, so that the caller hears
 * that the stream lives. Throws when one event exceeds `maxEventChars`.
 */
export async function* eventStream(
  bytes: AsyncIterable<Uint8Array>,
  maxEventChars: number,
): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let name = 'message';
  let data: string[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    // A carriage return at the end may be half of a line end.
    const held = rest.endsWith('\r') ? '\r' : '';
    const lines = rest.slice(0, rest.length - held.length).split(LINE_END);
    rest = (lines.pop() ?? '') + held;
    for (const line of lines) {
      size += line.length;
      if (line === '') {
        if (data.length > 0) yield { name, data: data.join('\n') };
        [name, data, size] = ['message', [], 0];
      } else if (line.startsWith(':')) yield { name: 'comment', data: '' };
      else {
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'event') name = value;
        if (field === 'data') data.push(value);
      }
    }
    if (size + rest.length > maxEventChars) {
      throw new MessengerError('bad-answer', 'an event of the stream is too large');
    }
  }
}
