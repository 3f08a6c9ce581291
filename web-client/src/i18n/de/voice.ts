export const voice = {
  fileName: 'Sprachnachricht',
  record: 'Sprachnachricht aufnehmen',
  recording: 'Aufnahme',
  release: 'Loslassen zum Senden, wegziehen zum Verwerfen',
  releaseDiscards: 'Loslassen zum Verwerfen',
  asking: 'Der Browser fragt, ob das Mikrofon verwendet werden darf …',
  discard: 'Aufnahme verwerfen',
  refused:
    'Der Browser lässt das Mikrofon nicht verwenden. In seinen Einstellungen zu dieser Seite lässt sich das ändern.',
  noMicrophone: 'Es gibt kein Mikrofon.',
  failed: 'Es ließ sich nichts aufnehmen.',
  play: 'Sprachnachricht abspielen',
  pause: 'Sprachnachricht anhalten',
  position: 'Stelle',
  positionAt: (at: string, all: string) => `${at} von ${all}`,
  speed: (times: string) => `Geschwindigkeit: ${times}`,
} as const;
