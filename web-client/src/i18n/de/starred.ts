export const starred = {
  title: 'Markierte Nachrichten',
  titleWith: (name: string) => `Markierte Nachrichten mit ${name}`,
  none: 'Hier ist nichts markiert. Im Menü einer Nachricht steht der Stern.',
  failed: 'Sie konnten nicht gelesen werden.',
  older: 'Ältere',
  mark: 'Markiert',
};
