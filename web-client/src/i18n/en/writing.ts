export const writing = {
  message: 'Message',
  send: 'Send',
  emoji: 'Emoji',
  replyTo: (name: string) => `Reply to ${name}`,
  replyToYourself: 'Reply to yourself',
  cancelReply: 'Cancel reply',
  bytesLeft: (count: number) => `${count.toLocaleString('en')} bytes left`,
  bytesTooMany: (count: number) =>
    `Too long by ${count.toLocaleString('en')} bytes. Send it in several parts.`,
  notSent: 'This was not sent; your text is still here.',

  actions: 'Message actions',
  react: 'React',
  moreEmojis: 'More',
  reply: 'Reply',
  edit: 'Edit',
  editing: 'Editing',
  editMessage: 'Edit message',
  cancelEdit: 'Cancel editing',
  saveEdit: 'Save',
  copy: 'Copy',
  forward: 'Forward',
  forwardTo: 'Forward to',
  forwardHint: 'Name or username',
  forwarding: 'Forwarding …',
  notForwarded: 'Not forwarded.',
  star: 'Star',
  unstar: 'Take the star away',
  deleteForMe: 'Delete for me',
  deleteForEveryone: 'Delete for everyone',
  deleteForEveryoneTitle: 'Delete this message for everyone?',
  deleteForEveryoneText: (name: string) =>
    `It disappears from your devices and those of ${name}. ${name} may have read it already.`,
  reactions: 'Reactions',

  requestTitle: (name: string) => `${name} wants to write to you.`,
  requestText: (name: string) => `${name} does not see that you are here or have read this until you accept.`,
  accept: 'Accept',
  block: 'Block',
  unblock: 'Unblock',
  delete: 'Delete',
  blocked: (name: string) => `You have blocked ${name}.`,

  verify: 'Verify',
  sendAnyway: 'Send anyway',
  keysChangedTitle: (name: string) => `The safety number of ${name} has changed`,
  keysChangedText: (name: string) =>
    `${name} may have lost all devices and begun anew. It may also be that somebody pretends to be ${name}. Compare your safety numbers to be sure.`,
  keysChangedNote: (name: string) =>
    `${name} uses a key that you have not verified. Compare your safety numbers before you go on.`,
  unreadable: (count: number, name: string) =>
    `${count === 1 ? '1 message' : `${count} messages`} could not be read yet. ${name} has been asked to send ${count === 1 ? 'it' : 'them'} again.`,

  conversationMenu: 'Conversation menu',
  pin: 'Pin',
  unpin: 'Unpin',
  mute: 'Mute',
  unmute: 'Unmute',
  muteTitle: (name: string) => `Mute ${name}?`,
  muteText: 'Nothing tells you of what comes.',
  muteForHours: 'For 8 hours',
  muteForWeek: 'For a week',
  muteForGood: 'Until I unmute',
  archive: 'Archive',
  unarchive: 'Take out of the archive',
  markUnread: 'Mark as unread',
  saveNickname: 'Save',
  removeNickname: 'Remove',
  notDone: 'This was not done',
  blockTitle: (name: string) => `Block ${name}?`,
  blockText: (name: string) =>
    `You get no more messages from ${name}, and nobody tells ${name}. You can unblock at any time.`,
  unblockTitle: (name: string) => `Unblock ${name}?`,
  unblockText: (name: string) =>
    `${name} can write to you again. What was written meanwhile does not come back.`,
  files: 'Pictures and files',
  deleteConversation: 'Delete conversation',
  deleteConversationTitle: 'Delete this conversation?',
  deleteConversationText: (name: string) =>
    `All messages with ${name} are removed from this device. Your other devices and ${name} keep theirs.`,

  searching: 'Searching …',
  searchFailed: 'The search did not work. Try again.',
  resultsFound: (count: number, more: boolean) =>
    count === 0
      ? 'No messages found.'
      : count === 1 && !more
        ? '1 message found'
        : `${count} messages found${more ? ' so far' : ''}`,
  moreResults: 'More results',
  you: 'You',
  unnamed: 'Somebody',

  searchEmoji: 'Search emoji',
  noEmoji: 'No emoji found.',
  recentEmojis: 'Recently used',
  foundEmojis: 'Found',
  emojiCategories: {
    smileys: 'Faces',
    people: 'People and gestures',
    hearts: 'Hearts and feelings',
    nature: 'Animals and nature',
    food: 'Food and drink',
    activities: 'Activities and places',
    objects: 'Objects',
    symbols: 'Symbols and flags',
  },
} as const;
