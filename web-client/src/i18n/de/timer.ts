const counted =
  (one: string, many: string) =>
  (count: number): string =>
    `${count} ${count === 1 ? one : many}`;

export const timer = {
  label: 'Verschwindende Nachrichten',
  about: (name: string) =>
    `Was du und ${name} ab jetzt schreiben, verschwindet auf beiden Seiten. Die Zeit läuft vom Senden an, wo es geschrieben wurde, und vom Lesen an, wo es gelesen wird. Was gelesen wurde, kann jemand trotzdem behalten haben, etwa mit einem Bildschirmfoto.`,
  choices: 'Nachrichten verschwinden',
  choose: 'Einstellen',
  off: 'Gar nicht',
  after: (duration: string) => `Nach ${duration}`,
  set: (name: string, duration: string) => `${name} lässt Nachrichten nach ${duration} verschwinden.`,
  setOwn: (duration: string) => `Du lässt Nachrichten nach ${duration} verschwinden.`,
  turnedOff: (name: string) => `${name} hat verschwindende Nachrichten ausgeschaltet.`,
  turnedOffOwn: 'Du hast verschwindende Nachrichten ausgeschaltet.',
  notSent: 'Das konnte nicht gesendet werden.',
  waits: (duration: string) => `Verschwindet nach dem Lesen, nach ${duration}`,
  runs: (when: string) => `Verschwindet: ${when}`,
  // After "nach".
  durations: {
    seconds: counted('Sekunde', 'Sekunden'),
    minutes: counted('Minute', 'Minuten'),
    hours: counted('Stunde', 'Stunden'),
    days: counted('Tag', 'Tagen'),
    weeks: counted('Woche', 'Wochen'),
  },
};
