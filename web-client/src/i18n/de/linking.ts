export const linking = {
  thisDevice: 'Dieses Gerät verbinden',
  back: 'Zurück',
  joinSteps:
    'Auf dem Gerät, das du schon benutzt: Einstellungen, Geräte, „Gerät verbinden“. Scanne dort diesen Code oder füge seinen Text ein.',
  calledHere: (name: string) => `Es erscheint dort als „${name}“.`,
  qr: 'Code dieses Geräts',
  text: 'Dasselbe als Text',
  copy: 'Text kopieren',
  copied: 'Kopiert',
  notCopied: 'Der Browser hat das Kopieren nicht erlaubt. Markiere den Text und kopiere ihn selbst.',
  left: (minutes: number, seconds: string) => `Noch ${minutes}:${seconds} Minuten gültig`,
  over: 'Dieser Code ist abgelaufen.',
  another: 'Neuen Code machen',
  making: 'Ein Code wird gemacht',
  takeInstead: 'Zeigt das andere Gerät einen Code?',
  code: 'Text des Codes',
  codeHint: 'Auch Bilder des Codes kannst du hier einfügen oder ablegen.',
  take: 'Weiter',
  scan: 'Code scannen',
  compare: 'Zeigt das andere Gerät dieselbe Nummer? Antworte dort.',
  digits: 'Nummer beider Geräte',
  goesOn: 'Es geht von selbst weiter, sobald du dort geantwortet hast.',
  joining: (username: string) => `Anmeldung als ${username}`,

  linkDevice: 'Gerät verbinden',
  takeSteps:
    'Öffne Restante auf dem neuen Gerät und wähle „Dieses Gerät verbinden“. Es zeigt einen Code. Scanne ihn oder füge seinen Text ein.',
  showInstead: 'Stattdessen hier einen Code zeigen',
  takeAgain: 'Stattdessen einen Code nehmen',
  showSteps:
    'Öffne Restante auf dem neuen Gerät und wähle „Dieses Gerät verbinden“. Scanne dort diesen Code oder füge seinen Text ein. Schick ihn niemandem.',
  question: (name: string) => `„${name}“ mit deinem Konto verbinden?`,
  reads: 'Wer dieses Gerät hat, liest von nun an alles mit und schreibt in deinem Namen.',
  mustBeHere:
    'Mach nur weiter, wenn das Gerät dir gehört und vor dir liegt. Niemand, der dir hilft oder etwas schenkt, braucht das.',
  sameDigits: 'Beide Geräte müssen diese Nummer zeigen:',
  yes: 'Verbinden',
  no: 'Nein',
  linking: (name: string) => `${name} wird verbunden`,
  linked: (name: string) => `${name} ist mit deinem Konto verbunden.`,
  sent: (name: string) =>
    `${name} ist hereingelassen und noch nicht da. Es kann dauern, bis das Gerät online ist.`,
  done: 'Fertig',

  serverTooOld: 'Dieser Server ist dafür zu alt. Melde dich mit deinem Passwort an.',
  used: 'Jemand anderes hat diesen Code benutzt. Warst du das nicht: Mach einen neuen und zeig ihn niemandem.',
  usedThere: 'Ein anderes Gerät hat diesen Code benutzt. Mach dort einen neuen.',
  refused:
    'Der Server sagt etwas anderes über dein Konto als dein anderes Gerät. Hier wurde nichts behalten.',
  invitationOver:
    'Das kam nicht rechtzeitig zustande, oder das Passwort wurde geändert. Mach einen neuen Code.',
};
