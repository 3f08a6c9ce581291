export const account = {
  create: 'Konto anlegen',
  signIn: 'Anmelden',
  username: 'Benutzername',
  usernameHint:
    'So finden dich andere: 3 bis 32 Buchstaben, Ziffern, Punkte, Binde- oder Unterstriche, ohne Umlaute.',
  password: 'Passwort',
  passwordLoss: 'Niemand kann es für dich zurücksetzen. Bewahre es gut auf.',
  deviceName: 'Name dieses Geräts',
  deviceNameHint: 'Nur du siehst ihn, in der Liste deiner Geräte.',
  invite: 'Einladungscode',
  inviteHint:
    'Konten gibt es hier auf Einladung. Wer diesen Server betreibt, gibt dir einen Code; er reicht für ein Konto.',
  badInvite: 'Ein Einladungscode hat 26 Buchstaben und Ziffern.',
  creating:
    'Dein Konto wird angelegt. Dein Gerät rechnet dafür ein wenig: Das hält fern, wer Tausende anlegen will.',
  signInNote:
    'Dieses Gerät beginnt ohne ältere Nachrichten: Die liegen nur auf den Geräten, die sie bekommen haben.',
  badUsername:
    'Ein Benutzername beginnt mit einem Buchstaben und hat 3 bis 32 Buchstaben, Ziffern, Punkte, Binde- oder Unterstriche, keine Umlaute.',
  shortPassword: 'Ein Passwort hat mindestens 8 Zeichen.',
  longPassword: 'Ein Passwort hat höchstens 256 Zeichen.',
  commonPassword: 'Dieses Passwort wird als eines der ersten versucht. Wähle ein anderes.',
  badDeviceName: 'Ein Gerät braucht einen Namen mit höchstens 64 Zeichen.',
  wrongPassword: 'Der Benutzername oder das Passwort stimmt nicht.',
  haveDevice: 'Du benutzt Restante schon auf einem anderen Gerät?',
  linkThisDevice: 'Dieses Gerät verbinden',
  linkHint: 'Ohne Passwort: Ein Gerät, das du schon benutzt, lässt dieses herein.',
  otherLanguage: 'In English',
  deviceOn: (browser: string, system: string) => `${browser} unter ${system}`,
  thisBrowser: 'Browser',
  strength: {
    label: 'Stärke',
    short: 'Zu kurz: mindestens 8 Zeichen.',
    common: 'Eines der Passwörter, die zuerst ausprobiert werden.',
    username: 'Enthält deinen Benutzernamen, das ist leicht zu erraten.',
    weak: 'Schwach: schnell erraten. Am meisten hilft Länge, etwa vier zufällige Wörter.',
    fair: 'Mittel. Ein paar Zeichen mehr machen es viel stärker.',
    good: 'Gut.',
    strong: 'Stark.',
  },
  wiped: {
    title: 'Deine Nachrichten auf diesem Gerät sind weg',
    why: 'Der Browser hat den Speicher dieser Seite geleert. Das tun Browser, wenn ihre Daten gelöscht werden, wenn die Festplatte voll ist oder wenn eine Seite lange nicht benutzt wurde. Oder du hast sie gelöscht, weil die Passphrase vergessen war.',
    kept: 'Melde dich wieder an wie sonst: Dein Konto und dein Benutzername sind noch da, man kann dir schreiben, und deine anderen Geräte behalten ihre Nachrichten.',
    lost: 'Was nur auf diesem Gerät lag, lässt sich nicht wiederherstellen, denn niemand sonst hat die Schlüssel. Deine Kontakte sehen, dass sich deine Sicherheitsnummer geändert hat.',
    forget: 'Verstanden',
  },
};
