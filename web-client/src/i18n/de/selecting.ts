export const selecting = {
  select: 'Auswählen',
  selectMessage: (name: string, text: string) => `${name}: ${text}`,
  end: 'Auswahl beenden',
  count: (count: number, isFull: boolean) =>
    `${count} ausgewählt${isFull ? ', mehr geht nicht auf einmal' : ''}`,
  deleteTitle: (count: number) =>
    count === 1 ? 'Diese Nachricht löschen?' : `${count} Nachrichten löschen?`,
  deleteText: 'Was ausgewählt ist, verschwindet von deinen Geräten. Die andere Seite behält es.',
  deleteTextOwn:
    'Für dich verschwindet von deinen Geräten, was ausgewählt ist. Für alle auch von denen der anderen Seite, die es vielleicht schon gelesen hat.',
};
