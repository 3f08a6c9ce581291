export const conversation = {
  empty: 'Choose a conversation, or add somebody.',
} as const;
