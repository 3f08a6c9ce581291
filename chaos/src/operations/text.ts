import type { Reference } from '../history/line.ts';
import { choose, type Acting, type Operation } from './operation.ts';

/** Queues a text: promised as soon as that returns. */
const write = async ({ messenger, self, act }: Acting, to: string, text: string): Promise<void> => {
  await act({ to, text }, async (): Promise<Reference> => {
    const { id } = await messenger.sendText(to, text);
    return { author: self.accountId, id };
  });
};

export const text: Operation = {
  name: 'text',
  weight: 30,
  contents: ['text', 'receipt', 'sent'],
  perform: (acting, { to, text: words, numbers }) => write(acting, choose(to, numbers[0]) ?? '', words),
};

const MAX_BURST = 12;

/** Many at once, to one or to all. */
export const burst: Operation = {
  name: 'burst',
  writtenAs: 'text',
  weight: 8,
  contents: ['text', 'receipt', 'sent'],
  perform: async (acting, { to, text: words, numbers: [count = 0, spread = 0] }) => {
    const length = 2 + (count % MAX_BURST);
    const reader = (index: number): string => choose(to, spread % 2 === 0 ? spread : spread + index) ?? '';
    await Promise.all(
      Array.from({ length }, (_, index) => write(acting, reader(index), `${words}.${index + 1}`)),
    );
  },
};
