import { byteRange } from './byte-range.ts';
import type { MediaType } from './media-type.ts';
import { MEDIA_PATH, type FromServiceWorker, type MediaAnswer } from './service-worker-messages.ts';

/** A film or recording that is read in pieces. */
export type Medium = {
  readonly type: MediaType;
  /** Bytes of all of it. */
  readonly size: number;
  /** Bytes from `from` on, as many as there are at once. */
  readonly read: (from: number) => Promise<Blob>;
  /** Whether it may be there when it is asked for again, though reading it has failed so. */
  readonly mayComeYet: (error: unknown) => boolean;
};

/** URLs of media for players of this tab, which the service worker answers with what the tab gives it. */
export type MediaUrls = {
  /** Null: no service worker answers for this tab. */
  readonly open: (medium: Medium) => MediaUrl | null;
};

export type MediaUrl = {
  readonly url: string;
  /** Whether the service worker has asked for it: one of an earlier version does not. */
  readonly isServed: () => boolean;
  /** There is nothing behind the URL any more. */
  readonly close: () => void;
};

const answer = async (medium: Medium, asked: string | null): Promise<MediaAnswer> => {
  const { type, size } = medium;
  const range = byteRange(asked, size);
  if (range === null) return { kind: 'no-range', size };
  const { from, to } = range;
  try {
    const content = (await medium.read(from)).slice(0, to - from);
    return content.size > 0 ? { kind: 'piece', type, size, from, content } : { kind: 'gone' };
  } catch (error) {
    return { kind: medium.mayComeYet(error) ? 'later' : 'gone' };
  }
};

export const createMediaUrls = (): MediaUrls => {
  const container = 'serviceWorker' in navigator ? navigator.serviceWorker : null;
  const media = new Map<string, Medium>();
  const served = new Set<string>();

  const serve = async (id: string, range: string | null): Promise<MediaAnswer> => {
    const medium = media.get(id);
    if (medium === undefined) return { kind: 'gone' };
    served.add(id);
    return answer(medium, range);
  };
  container?.addEventListener('message', ({ data, ports: [port] }: MessageEvent<FromServiceWorker>) => {
    if (data.kind === 'read-medium')
      void serve(data.id, data.range).then((answered) => port?.postMessage(answered));
  });
  container?.startMessages();

  return {
    open: (medium) => {
      if (container?.controller == null) return null;
      const id = crypto.randomUUID();
      media.set(id, medium);
      return {
        url: MEDIA_PATH + id,
        isServed: () => served.has(id),
        close: () => {
          media.delete(id);
          served.delete(id);
        },
      };
    },
  };
};
