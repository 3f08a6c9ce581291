export const people = {
  addTitle: 'Kontakt hinzufügen',
  add: 'Hinzufügen',
  contact: 'Benutzername oder Link',
  addHint:
    'Frag nach dem Benutzernamen der anderen Person, nach ihrem Link oder QR-Code. Bilder des Codes kannst du hier einfügen oder ablegen.',
  badContact:
    'Das ist weder ein Benutzername noch der Link eines Kontakts. Ein Benutzername beginnt mit einem Buchstaben und hat 3 bis 32 Buchstaben, Ziffern, Punkte, Striche oder Unterstriche.',
  elsewhere: 'Dieser Link gehört zu einem anderen Server. Schreiben kann man nur auf dem eigenen.',
  pictureOfCode: 'Bild eines QR-Codes',
  noCodeInPicture: 'In diesem Bild ist kein QR-Code zu finden.',
  followed: (name: string) =>
    `Du bist einem Link zu ${name} gefolgt. Füge die Person nur hinzu, wenn du weißt, wer sie ist.`,
  nobody: (name: string) => `Es gibt niemanden mit dem Benutzernamen ${name}.`,
  yourself: 'Das ist dein eigener Benutzername. Schick deinen Link jemand anderem.',
  myLink: 'Mein Link',
  myLinkHint: 'Wer diesen Link öffnet oder den Code scannt, kann dir schreiben.',
  copyLink: 'Link kopieren',
  copied: 'Kopiert',
  notCopied: 'Der Browser hat das Kopieren nicht erlaubt. Markiere den Link und kopiere ihn selbst.',
  qrOfLink: 'QR-Code meines Links',
  scan: 'QR-Code scannen',
  scanHint: 'Halte den Code des anderen Geräts vor die Kamera.',
  stopScanning: 'Kamera ausschalten',
  cameraRefused:
    'Die Kamera ist für diese Seite nicht erlaubt. Erlaube sie in den Einstellungen des Browsers und versuche es noch einmal.',
  cameraFailed: 'Die Kamera ließ sich nicht starten. Vielleicht benutzt sie gerade ein anderes Programm.',
  notAContact: 'Das ist kein QR-Code eines Kontakts hier.',

  safetyTitle: (name: string) => `Sicherheitsnummer mit ${name}`,
  safetyHint: (name: string) =>
    `Vergleiche diese Nummer mit der, die ${name} sieht, nebeneinander oder am Telefon. Sind beide gleich, steht niemand zwischen euch.`,
  safetyDigits: 'Sicherheitsnummer',
  safetyQr: 'Sicherheitsnummer als QR-Code',
  scanSafety: 'Anderen Code scannen',
  markVerified: 'Als verifiziert markieren',
  removeVerification: 'Verifizierung aufheben',
  verified: (name: string) => `Du hast ${name} verifiziert.`,
  changed: (name: string) =>
    `Die Sicherheitsnummer hat sich geändert, seit du ${name} verifiziert hast. Oft sind alle Geräte verloren gegangen, und es wurde neu angefangen; vergleiche die Nummern noch einmal, um sicher zu sein.`,
  same: (name: string) => `Die Codes sind gleich. Du kannst ${name} als verifiziert markieren.`,
  different: (name: string) =>
    `Die Codes sind verschieden. Prüfe, ob ${name} die Sicherheitsnummer mit dir zeigt, und versuche es noch einmal. Bleiben sie verschieden, schreibe hier nichts Geheimes.`,
  notASafetyNumber: 'Das ist kein QR-Code einer Sicherheitsnummer.',
  noKeys: (name: string) =>
    `Noch gibt es keine Sicherheitsnummer mit ${name}: Das Gerät dort hat seinen Schlüssel noch nicht genannt.`,
};
