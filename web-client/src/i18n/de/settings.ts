export const settings = {
  title: 'Einstellungen',
  sections: {
    account: 'Konto',
    privacy: 'Privatsphäre',
    appearance: 'Darstellung',
    notifications: 'Mitteilungen',
    devices: 'Geräte',
    storage: 'Speicher',
  },

  signedInAs: 'Dein Benutzername',
  profile: 'Profil',
  profileHint: 'Ein Name und ein Bild, für alle, die du hereingelassen hast.',
  profileAbout:
    'Nur wen du hereingelassen hast, sieht deinen Namen und dein Bild; die Server sehen beides nicht. Hinzugefügt wirst du weiter mit deinem Benutzernamen.',
  changeProfile: 'Profil ändern',
  profileName: 'Name',
  choosePicture: 'Bild wählen',
  removePicture: 'Bild entfernen',
  noPicture: 'Diese Datei ist kein Bild, das hier gezeigt werden kann.',
  saveProfile: 'Speichern',
  signOut: 'Abmelden',
  signOutHint: 'Entfernt dieses Gerät aus deinem Konto und alle Nachrichten von diesem Gerät.',
  signOutTitle: 'Von diesem Gerät abmelden?',
  signOutText:
    'Alle Nachrichten auf diesem Gerät werden gelöscht. Was auf keinem deiner anderen Geräte liegt, lässt sich nicht wiederherstellen; „Meine Daten exportieren“ unter Speicher bewahrt eine Kopie auf.',
  changePassword: 'Passwort ändern',
  changePasswordHint: 'Deine Geräte bleiben angemeldet, wenn du sie nicht auch entfernst.',
  oldPassword: 'Bisheriges Passwort',
  newPassword: 'Neues Passwort',
  removeOtherDevices: 'Meine anderen Geräte entfernen',
  removeOtherDevicesAbout:
    'Wähle das, wenn jemand anderes dein Passwort kennen könnte: Vielleicht hat er sich damit angemeldet.',
  passwordChanged: 'Dein Passwort ist geändert.',
  deleteAccount: 'Konto löschen',
  deleteAccountHint:
    'Dein Benutzername, deine Geräte und alles, was auf dich wartet, werden endgültig gelöscht.',
  deleteAccountTitle: 'Dein Konto endgültig löschen?',
  deleteAccountText:
    'Das kann niemand rückgängig machen. Was du geschrieben hast, bleibt bei denen, die es bekommen haben. Gib dein Passwort ein, um fortzufahren.',
  wrongPassword: 'Das Passwort stimmt nicht.',

  readReceipts: 'Lesebestätigungen',
  readReceiptsAbout:
    'Andere sehen, wann du ihre Nachrichten gelesen hast. Ist das aus, siehst du es bei ihnen auch nicht.',
  typing: 'Tippen',
  typingAbout: 'Andere sehen, wenn du gerade schreibst.',
  presence: 'Online-Status',
  presenceAbout: 'Deine Kontakte sehen, wenn du da bist.',

  theme: 'Aussehen',
  themes: { system: 'Wie das System', light: 'Hell', dark: 'Dunkel' },
  language: 'Sprache',
  languageOfBrowser: 'Wie im Browser',

  notify: 'Mitteilungen',
  notifyAbout:
    'Zeigt neue Nachrichten, während kein Tab von Restante zu sehen ist. Einer muss offen bleiben.',
  notifyDetails: 'Zeigen, wer schreibt und was',
  notifyDetailsAbout: 'Wer deinen Bildschirm sieht, kann es mitlesen.',
  notifyDenied:
    'Der Browser erlaubt dieser Seite keine Mitteilungen. Erlaube sie zuerst in seinen Einstellungen.',
  notifyUnsupported: 'Dieser Browser hat keine Mitteilungen für Seiten.',

  devicesHint:
    'Jedes Gerät hat eigene Schlüssel. Entferne eines, das du nicht kennst oder nicht mehr benutzt.',
  linkDevice: 'Gerät verbinden',
  thisDevice: 'Dieses Gerät',
  waitsSince: 'Nicht hereingelassen',
  deviceSince: (day: string) => `Seit ${day}`,
  removeDevice: 'Entfernen',
  removeDeviceNamed: (name: string) => `${name} entfernen`,
  removeDeviceTitle: (name: string) => `${name} entfernen?`,
  removeDeviceText: 'Es wird abgemeldet und bekommt keine Nachrichten mehr. Was es hat, bleibt darauf.',
  removedDevice: (name: string) =>
    `${name} ist entfernt. Wenn jemand anders es hat, ändere dein Passwort und fang mit einem neuen Schlüssel an: Es kennt noch den, den dein Konto jetzt hat.`,
  newKey: 'Mit neuem Schlüssel anfangen',
  newKeyTitle: 'Mit neuem Schlüssel anfangen?',
  newKeyText:
    'Dein Konto geht mit diesem Gerät allein weiter: Lass deine anderen darauf wieder herein. Deine Kontakte sehen, dass sich eure Sicherheitsnummer geändert hat. Gib zum Fortfahren dein Passwort ein.',
  wipedDevice: 'Sein Speicher wurde geleert',

  used: 'Auf diesem Gerät belegt',
  usedOf: (used: string, quota: string) => `${used} von höchstens ${quota}`,
  kept: 'Dauerhafter Speicher',
  persistent: 'Der Browser hat zugesagt, deine Nachrichten zu behalten, bis du sie entfernst.',
  notPersistent:
    'Der Browser darf deine Nachrichten von sich aus entfernen, wenn die Festplatte voll ist oder Restante lange nicht benutzt wird.',
  askPersistent: 'Um Aufbewahrung bitten',
  askedInVain:
    'Der Browser hat nicht zugestimmt. Oft hilft es, Restante zu installieren oder Mitteilungen zu erlauben.',
  fetched: {
    title: 'Von selbst geladen',
    about:
      'Sobald du es siehst, von Menschen, die du hereingelassen hast. Alles andere kommt, wenn du es öffnest. Nur in diesem Browser.',
    kinds: {
      pictures: 'Bilder',
      voice: 'Sprachnachrichten',
      media: 'Filme und Aufnahmen',
      files: 'Andere Dateien',
    },
    never: 'Nie',
    upTo: (size: string) => `Bis ${size}`,
    always: 'Wie groß sie auch sind',
  },
  files: 'Dateien auf diesem Gerät',
  filesTake: (count: number, size: string) => `${count === 1 ? '1 Datei' : `${count} Dateien`}, ${size}`,
  removeFiles: 'Entfernen',
  removeFilesOf: (name: string) => `Entfernen: Dateien mit ${name}`,
  removeFilesTitle: (name: string) => `Die Dateien mit ${name} von diesem Gerät entfernen?`,
  removeFilesText:
    'Nachrichten und kleine Bilder bleiben. Dateien werden wieder geholt, wenn du sie öffnest, bis 30 Tage nachdem sie gesendet wurden; ältere sind hier für immer weg.',
  export: 'Meine Daten exportieren',
  exportHint:
    'Speichert dein Konto, deine Kontakte und Nachrichten als Datei. Sie ist nicht verschlüsselt und enthält keine Schlüssel: Bewahre sie sicher auf.',
  exported: 'Die Datei liegt bei deinen Downloads.',
  install: 'Restante installieren',
  installHint: 'Installiert öffnet es sich in einem eigenen Fenster, auch ohne Netz.',
};
