export const shell = {
  appName: 'Restante',
  tagline: 'Nachrichten, die nur du und die anderen lesen können. Sie warten, bis du sie abholst.',
  welcome: (name: string) => `Willkommen, ${name}`,
  firstSteps: 'Noch ist niemand hier. Füge jemanden hinzu, den du kennst, oder verschicke deinen Link.',
  turnOn: 'Einschalten',
  starting: 'Deine Nachrichten werden geöffnet …',
  loading: 'Lädt …',
  notLoaded:
    'Dieser Teil konnte nicht geladen werden. Prüfe deine Verbindung und versuche es noch einmal, oder lade die Seite neu.',
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
  waitingDevice: {
    question: (name: string, day: string, time: string) =>
      `Ein neues Gerät möchte herein: ${name}, ${day} ${time}, angemeldet mit deinem Passwort.`,
    answer: 'Antworten',
    title: 'Hereinlassen?',
    compare:
      'Lass es nur herein, wenn es deines ist und diese Nummer zeigt. Es bekommt deine Nachrichten, auch die früheren, und schreibt in deinem Namen.',
    digits: 'Nummer des Geräts',
    letIn: 'Hereinlassen',
    refuse: 'Nein, und Passwort ändern',
  },
  waiting: {
    title: 'Wartet darauf, hereingelassen zu werden',
    text: 'Öffne Restante auf einem Gerät, das du schon benutzt hast. Es fragt dich, ob dieses hier deines ist.',
    digitsHint: 'Dort steht diese Nummer:',
    goesOn: 'Sobald du dort geantwortet hast, geht es hier von selbst weiter.',
    noneLeft: 'Ich habe keines meiner anderen Geräte mehr',
    beginTitle: 'Mit einem neuen Schlüssel anfangen?',
    beginText:
      'Deine bisherigen Geräte gehören dann nicht mehr zu deinem Konto, und deine Kontakte sehen, dass sich deine Sicherheitsnummer geändert hat. Tu das nur, wenn du keines davon mehr benutzen kannst. Gib dein Passwort ein, um weiterzumachen.',
    begin: 'Mit neuem Schlüssel anfangen',
  },
  replacedKey: {
    told: 'Jemand hat sich mit deinem Passwort angemeldet und für dein Konto einen neuen Schlüssel angefangen.',
    advice: 'Was dir geschrieben wird, geht jetzt an dessen Gerät und nicht an dieses.',
    mine: 'Das war ich',
    takeBack: 'Konto zurückholen',
    takeBackTitle: 'Dein Konto zurückholen?',
    takeBackText:
      'Dein Konto macht mit dem Schlüssel dieses Geräts weiter, und nur mit diesem Gerät. Ändere gleich danach dein Passwort und entferne die anderen Geräte.',
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
