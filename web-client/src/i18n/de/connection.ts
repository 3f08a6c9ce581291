const messages = (count: number): string => (count === 1 ? '1 Nachricht' : `${count} Nachrichten`);

export const connection = {
  offline: 'Keine Verbindung',
  connecting: 'Verbinde …',
  connectingAgain: (attempt: number) => `Verbinde … (Versuch ${attempt})`,
  waiting: 'Keine Verbindung. Es wird wieder versucht.',
  nextAttempt: (seconds: number) => `Keine Verbindung. Nächster Versuch in ${seconds} s`,
  tryNow: 'Jetzt versuchen',
  catchingUp: (received: number, answered: number, nodes: number) =>
    `Deine Nachrichten werden geholt: bisher ${received}, ${answered} von ${nodes} Postfächern haben geantwortet`,
  incomplete: (answered: number, nodes: number, needed: number) =>
    `Es können Nachrichten fehlen: ${answered} von ${nodes} Postfächern haben geantwortet, ${needed} sind nötig. Es wird weiter versucht.`,
  live: 'Verbunden',
  elsewhere: (server: string) => `Verbunden mit ${server}. Dein gewohnter Server antwortet nicht.`,
  storage: {
    full: 'Auf diesem Gerät ist kein Platz mehr. Neue Nachrichten warten auf den Servern, bis du Platz schaffst.',
    failing:
      'Dieses Gerät kann gerade nichts speichern. Neue Nachrichten warten auf den Servern. Es wird wieder versucht.',
  },
  superseded: 'Dieses Gerät wird in einem anderen Fenster benutzt.',
  outdated: 'Diese Version von Restante ist zu alt. Lade die Seite neu.',
  removed: 'Dieses Gerät gehört nicht mehr zu deinem Konto. Melde dich ab und wieder an.',
  refused: 'Der Server hat dieses Gerät abgelehnt.',
  expired: (count: number) => `${messages(count)} ungelesen abgelaufen`,
  dismiss: 'Ausblenden',
};
