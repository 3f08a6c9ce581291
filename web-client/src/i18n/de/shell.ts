export const shell = {
  appName: 'Restante',
  tagline: 'Nachrichten, die nur du und die anderen lesen können. Sie warten, bis du sie abholst.',
  welcome: (name: string) => `Willkommen, ${name}`,
  firstSteps: 'Noch ist niemand hier. Füge jemanden hinzu, den du kennst, oder verschicke deinen Link.',
  turnOn: 'Einschalten',
  starting: 'Deine Nachrichten werden geöffnet …',
  loading: 'Lädt …',
  notLoaded: 'Dieser Teil konnte nicht geladen werden. Prüfe deine Verbindung und lade die Seite neu.',
  reload: 'Neu laden',
  tryAgain: 'Noch einmal versuchen',
  cancel: 'Abbrechen',
  close: 'Schließen',
  back: 'Zurück',
  done: 'Fertig',
  showCharacters: 'Zeichen zeigen',
  hideCharacters: 'Zeichen verbergen',
  skipToMain: 'Zur Unterhaltung springen',
  noticesLabel: 'Hinweise',
  alert: 'Du hast eine neue Nachricht.',
  update: { ready: 'Eine neue Version ist da.', reload: 'Neu laden' },
  newDevice: {
    signedIn: (name: string, day: string, time: string) =>
      `${name} hat sich in deinem Konto angemeldet, ${day} ${time}.`,
    advice: 'Wenn du das nicht warst, entferne es und ändere dann dein Passwort.',
    mine: 'Das war ich',
    remove: 'Entfernen',
  },
  lostDevice: {
    text: 'Der Browser hat den Speicher dieses Geräts geleert. Der alte Eintrag steht noch in deinem Konto, deshalb wird weiter für ihn verschlüsselt.',
    remove: 'Entfernen',
    keep: 'Behalten',
  },
  trouble: {
    lostTitle: 'Der Browser hat deinen Speicher geschlossen',
    lostText:
      'Deine Nachrichten liegen in diesem Browser, und er hat den Speicher gerade weggenommen: Vielleicht wurden die Daten dieser Seite gelöscht, oder die Festplatte ist voll. Bis der Speicher wieder offen ist, kommt nichts Neues an.',
    failedTitle: 'Deine Nachrichten lassen sich nicht öffnen',
    failedText:
      'Dieser Browser öffnet den Speicher deiner Nachrichten nicht. Schließe andere Tabs von Restante oder verlasse den privaten Modus und versuche es noch einmal.',
    fullText:
      'Die Festplatte ist voll, deshalb lässt sich der Speicher deiner Nachrichten nicht öffnen. Schaffe etwas Platz und versuche es noch einmal.',
    newerText:
      'Ein anderer Tab hat deine Nachrichten mit einer neueren Version von Restante geöffnet. Lade die Seite neu, dann hast du sie auch.',
    oldBrowserText:
      'Diesem Browser fehlt etwas, das Restante braucht. Aktualisiere ihn oder nimm ein aktuelles Chromium, Firefox oder Safari.',
    nothingLost: 'Nachrichten an dich warten weiter in deinem Postfach, bis zu 30 Tage.',
    detail: (name: string) => `Der Browser meldet: ${name}`,
  },
};
