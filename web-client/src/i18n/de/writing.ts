export const writing = {
  message: 'Nachricht',
  send: 'Senden',
  emoji: 'Emoji',
  replyTo: (name: string) => `Antwort an ${name}`,
  replyToYourself: 'Antwort an dich selbst',
  cancelReply: 'Antwort verwerfen',
  bytesLeft: (count: number) => `Noch ${count.toLocaleString('de')} Bytes`,
  bytesTooMany: (count: number) =>
    `${count.toLocaleString('de')} Bytes zu lang. Schick es in mehreren Teilen.`,
  notSent: 'Das wurde nicht gesendet; dein Text ist noch da.',

  actions: 'Aktionen für die Nachricht',
  react: 'Reagieren',
  moreEmojis: 'Mehr',
  reply: 'Antworten',
  edit: 'Bearbeiten',
  editing: 'Bearbeitung',
  editMessage: 'Nachricht bearbeiten',
  cancelEdit: 'Bearbeitung verwerfen',
  saveEdit: 'Speichern',
  copy: 'Kopieren',
  forward: 'Weiterleiten',
  forwardTo: 'Weiterleiten an',
  forwardHint: 'Name oder Benutzername',
  forwarding: 'Wird weitergeleitet …',
  notForwarded: 'Nicht weitergeleitet.',
  star: 'Markieren',
  unstar: 'Markierung entfernen',
  deleteForMe: 'Für mich löschen',
  deleteForEveryone: 'Für alle löschen',
  deleteForEveryoneTitle: 'Diese Nachricht für alle löschen?',
  deleteForEveryoneText: (name: string) =>
    `Sie verschwindet von deinen Geräten und denen von ${name}. Vielleicht hat ${name} sie schon gelesen.`,
  reactions: 'Reaktionen',

  requestTitle: (name: string) => `${name} möchte dir schreiben.`,
  requestText: (name: string) =>
    `${name} sieht erst, dass du da bist oder das gelesen hast, wenn du annimmst.`,
  accept: 'Annehmen',
  block: 'Blockieren',
  unblock: 'Nicht mehr blockieren',
  delete: 'Löschen',
  blocked: (name: string) => `Du hast ${name} blockiert.`,

  verify: 'Prüfen',
  sendAnyway: 'Trotzdem senden',
  keysChangedTitle: (name: string) => `Die Sicherheitsnummer von ${name} hat sich geändert`,
  keysChangedText: (name: string) =>
    `Vielleicht hat ${name} alle Geräte verloren und neu angefangen. Es kann aber auch sein, dass sich jemand als ${name} ausgibt. Vergleicht eure Sicherheitsnummern, um sicher zu sein.`,
  keysChangedNote: (name: string) =>
    `${name} benutzt einen Schlüssel, den du nicht geprüft hast. Vergleicht eure Sicherheitsnummern, bevor du weiterschreibst.`,
  unreadable: (count: number, name: string) =>
    `${count === 1 ? '1 Nachricht konnte' : `${count} Nachrichten konnten`} noch nicht gelesen werden. ${name} wurde gebeten, sie noch einmal zu senden.`,

  conversationMenu: 'Menü der Unterhaltung',
  pin: 'Anheften',
  unpin: 'Nicht mehr anheften',
  mute: 'Stummschalten',
  unmute: 'Nicht mehr stummschalten',
  muteTitle: (name: string) => `${name} stummschalten?`,
  muteText: 'Nichts sagt dir, was kommt. Es ist da, wenn du nachsiehst.',
  muteForHours: 'Für 8 Stunden',
  muteForWeek: 'Für eine Woche',
  muteForGood: 'Bis ich es aufhebe',
  archive: 'Archivieren',
  unarchive: 'Aus dem Archiv holen',
  markUnread: 'Als ungelesen markieren',
  saveNickname: 'Speichern',
  removeNickname: 'Entfernen',
  notDone: 'Das ging nicht',
  blockTitle: (name: string) => `${name} blockieren?`,
  blockText: (name: string) =>
    `Du bekommst keine Nachrichten mehr von ${name}, und niemand sagt es ${name}. Du kannst das jederzeit aufheben.`,
  unblockTitle: (name: string) => `${name} nicht mehr blockieren?`,
  unblockText: (name: string) =>
    `${name} kann dir wieder schreiben. Was in der Zwischenzeit geschrieben wurde, kommt nicht zurück.`,
  files: 'Bilder und Dateien',
  deleteConversation: 'Unterhaltung löschen',
  deleteConversationTitle: 'Diese Unterhaltung löschen?',
  deleteConversationText: (name: string) =>
    `Alle Nachrichten mit ${name} werden von diesem Gerät entfernt. Deine anderen Geräte und ${name} behalten ihre.`,

  searching: 'Suche läuft …',
  searchFailed: 'Die Suche hat nicht geklappt. Versuch es noch einmal.',
  resultsFound: (count: number, more: boolean) =>
    count === 0
      ? 'Keine Nachrichten gefunden.'
      : count === 1 && !more
        ? '1 Nachricht gefunden'
        : `${more ? 'Bisher ' : ''}${count} Nachrichten gefunden`,
  moreResults: 'Mehr Ergebnisse',
  you: 'Du',
  unnamed: 'Jemand',

  searchEmoji: 'Emoji suchen',
  noEmoji: 'Kein Emoji gefunden.',
  recentEmojis: 'Zuletzt benutzt',
  foundEmojis: 'Gefunden',
  emojiCategories: {
    smileys: 'Gesichter',
    people: 'Menschen und Gesten',
    hearts: 'Herzen und Gefühle',
    nature: 'Tiere und Natur',
    food: 'Essen und Trinken',
    activities: 'Unternehmungen und Orte',
    objects: 'Gegenstände',
    symbols: 'Symbole und Flaggen',
  },
};
