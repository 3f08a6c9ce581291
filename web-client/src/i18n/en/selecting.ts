/** Doing something with several messages. */
export const selecting = {
  select: 'Select',
  selectMessage: (name: string, text: string) => `${name}: ${text}`,
  end: 'End selection',
  count: (count: number, isFull: boolean) => `${count} selected${isFull ? ', no more at once' : ''}`,
  deleteTitle: (count: number) => (count === 1 ? 'Delete this message?' : `Delete ${count} messages?`),
  deleteText: 'What is selected disappears from your devices. The other side keeps it.',
  deleteTextOwn:
    'For you, what is selected disappears from your devices. For everyone, also from those of the other side, where it may have been read already.',
} as const;
