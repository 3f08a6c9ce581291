export const lock = {
  title: 'Restante ist gesperrt',
  text: 'Deine Nachrichten liegen verschlüsselt auf diesem Gerät. Neue warten in deinem Postfach, bis du entsperrst.',
  passphrase: 'Passphrase',
  unlock: 'Entsperren',
  forgotten: 'Vergessen?',
  forgottenTitle: 'Ohne die Passphrase',
  forgottenText:
    'Ohne sie kann niemand die Nachrichten auf diesem Gerät öffnen. Du kannst sie hier löschen und dich dann mit Benutzername und Passwort als neues Gerät anmelden. Das lässt sich nicht rückgängig machen.',
  abandon: 'Von diesem Gerät löschen',
  keyLost:
    'Der Schlüssel zu den Nachrichten auf diesem Gerät ist weg, niemand kann sie öffnen. Du kannst sie hier löschen und dich dann als neues Gerät wieder anmelden.',

  label: 'Sperre mit Passphrase',
  about:
    'Verschlüsselt, was auf diesem Gerät liegt, mit einer Passphrase, nach der Restante beim Öffnen fragt. Solange es gesperrt ist, kommt nichts an.',
  set: 'Passphrase festlegen',
  setText: 'Vergisst du sie, sind die Nachrichten auf diesem Gerät verloren.',
  change: 'Passphrase ändern',
  remove: 'Passphrase entfernen',
  removeText: 'Was auf diesem Gerät liegt, kann dann öffnen, wer diesen Browser benutzt.',
  now: 'Jetzt sperren',
  nowAbout: 'In allen Tabs. Auch wenn der letzte Tab geschlossen oder neu geladen wird, wird gesperrt.',
  after: 'Sperren, wenn es so lange niemand benutzt',
  choices: {
    minute: '1 Minute',
    quarter: '15 Minuten',
    hour: '1 Stunde',
    hours: '8 Stunden',
    never: 'Nur wenn es geschlossen wird',
  },
  current: 'Bisherige Passphrase',
  next: 'Neue Passphrase',
  again: 'Neue Passphrase noch einmal',
  differs: 'Das ist nicht dieselbe Passphrase.',
  takesTime: 'Alles, was gespeichert ist, wird neu verschlüsselt. Das kann etwas dauern.',
};
