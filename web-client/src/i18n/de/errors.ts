export const errors = {
  unreachable: 'Kein Server antwortet. Prüfe deine Verbindung und versuche es noch einmal.',
  'bad-answer':
    'Der Server hat etwas geantwortet, das diese Version nicht versteht. Versuche es später noch einmal.',
  closed: 'Restante wird gerade geschlossen. Lade die Seite neu.',
  'not-registered': 'Auf diesem Gerät ist niemand angemeldet.',
  'already-registered': 'Auf diesem Gerät ist schon jemand angemeldet. Lade die Seite neu.',
  'bad-text': 'Diese Nachricht ist leer oder zu lang.',
  'bad-profile': 'Dieser Name oder dieses Bild geht nicht.',
  'bad-timer': 'Nach dieser Zeit können Nachrichten nicht verschwinden.',
  'too-many-starred': '1.000 Nachrichten sind markiert. Nimm erst einigen die Markierung.',
  'bad-files': 'Diese Dateien lassen sich nicht senden: zu viele oder zu groß.',
  'file-lost': 'Dieses Gerät hat die Datei nicht mehr.',
  'not-editable': 'Diese Nachricht kann nicht mehr bearbeitet werden.',
  'own-account': 'Das ist dein eigener Benutzername.',
  'keys-changed': 'Die Sicherheitsnummer hat sich geändert. Prüfe sie, bevor du schreibst.',
  'device-list-refused': 'Ein Server behauptet etwas über jemandes Geräte, das nicht unterschrieben ist.',
  'servers-refused':
    'Ein Server nennt andere Server, mit denen sich diese App nicht verbinden darf. Es geht mit den bekannten weiter.',
  'device-refused': 'Ein Server nennt Schlüssel, die nicht die des Geräts sind.',
  'no-account-key':
    'Dieses Gerät wurde noch nicht hereingelassen oder hat den Schlüssel deines Kontos noch nicht. Versuche es später noch einmal.',
  'bad-link-code': 'Das ist kein Code zum Verbinden eines Geräts, oder einer von einer neueren Version.',
  'link-code-own-side':
    'Diesen Code zeigt ein Gerät wie dieses. Eins der beiden zeigt einen Code, das andere nimmt ihn.',
  'link-ended': 'Dieser Code ist abgelaufen. Mach einen neuen.',
  'link-altered': 'Was ankam, ist nicht, was dein anderes Gerät gesagt hat. Mach einen neuen Code.',
  'vault-outdated':
    'Die Nachrichten auf diesem Gerät sind älter als das, was es gesendet hat: wiederhergestellt oder an zwei Orten benutzt.',
  'vault-too-new': 'Die Nachrichten auf diesem Gerät gehören zu einer neueren Version. Lade die Seite neu.',
  'vault-locked': 'Restante ist auf diesem Gerät gesperrt. Entsperre es zuerst.',
  'wrong-passphrase': 'Die Passphrase stimmt nicht.',
  'vault-key-lost': 'Der Schlüssel zu den Nachrichten auf diesem Gerät fehlt oder ist ein anderer.',
  'unfit-row': 'Etwas, das auf diesem Gerät gespeichert war, lässt sich nicht lesen. Es wird übergangen.',
  'wrong-clock': 'Die Uhr dieses Geräts oder die des Servers geht um Tage falsch. Prüfe das Datum.',
  'no-session': 'Die andere Seite hat ihren Schlüssel noch nicht genannt.',
  'content-changed': 'Die Datei ist nicht mehr die, die gesendet werden sollte. Wähle sie noch einmal aus.',
  'bad-history':
    'Was dein anderes Gerät geliefert hat, lässt sich hier nicht lesen. Aktualisiere beide und versuche es noch einmal.',
  'blob-altered': 'Was die Server liefern, ist nicht die Datei, die gesendet wurde.',
  'no-storage': 'Deine Nachrichten sind hier gerade nicht offen. Lade die Seite neu.',
  'storage-failed': 'Dieses Gerät kann gerade nichts speichern. Versuche es noch einmal.',
  'storage-full': 'Der Speicher ist voll. Schaffe etwas Platz und versuche es noch einmal.',
  'too-many-calls': 'Zu viel auf einmal. Warte ein wenig und versuche es dann noch einmal.',
  'bad-request': 'Der Server nimmt diese Eingabe nicht an.',
  unauthorized: 'Dieses Gerät ist nicht mehr angemeldet, oder das Passwort ist falsch.',
  'token-expired': 'Die Sitzung ist abgelaufen. Versuche es noch einmal.',
  forbidden: 'Das ist nicht erlaubt.',
  'not-found': 'Unter diesem Namen wurde nichts gefunden.',
  'method-not-allowed': 'Diese Version passt nicht zum Server. Lade die Seite neu.',
  superseded: 'Dieses Gerät ist in einem anderen Fenster verbunden.',
  'invite-needed': 'Konten gibt es hier auf Einladung. Gib deinen Einladungscode ein.',
  'invite-invalid':
    'Dieser Einladungscode gilt nicht oder nicht mehr: Jeder reicht für ein Konto und läuft nach einiger Zeit ab.',
  'registration-closed': 'Dieser Server nimmt keine neuen Konten an.',
  'work-needed':
    'Der Server hat eine Rechenaufgabe gestellt, die nicht rechtzeitig fertig war. Versuche es noch einmal.',
  'username-taken': 'Dieser Benutzername ist vergeben. Nimm einen anderen.',
  'device-limit': 'Dein Konto hat schon so viele Geräte, wie es haben kann. Entferne zuerst eines.',
  'devices-changed': 'Die Geräte der anderen Seite haben sich gerade geändert. Versuche es noch einmal.',
  'device-waiting': 'Dieses Gerät muss erst von einem anderen von dir hereingelassen werden.',
  'device-list-conflict': 'Ein anderes deiner Geräte hat die Liste gerade geändert. Versuche es noch einmal.',
  'slot-taken': 'Jemand anderes hat diesen Code benutzt. Mach einen neuen.',
  'grant-used': 'Dieser Code ist schon benutzt. Mach einen neuen.',
  'message-expired': 'Diese Nachricht hat zu lange gewartet und wurde nicht zugestellt.',
  'clock-skew': 'Die Uhr dieses Geräts geht falsch. Stelle sie richtig und versuche es noch einmal.',
  'payload-too-large': 'Das ist zu groß zum Senden.',
  'unsupported-media-type': 'Diese Version passt nicht zum Server. Lade die Seite neu.',
  'unsupported-version': 'Diese Version ist zu alt für den Server. Lade die Seite neu.',
  'rate-limited': 'Zu viele Versuche. Warte ein wenig und versuche es dann noch einmal.',
  'sender-share-full':
    'Bei dieser Person wartet schon so viel von dir, wie darf: Mehr geht, sobald sie ihre Nachrichten liest.',
  'mailbox-full': 'Das Postfach der anderen Seite ist voll, bis sie ihre Nachrichten liest.',
  'connection-stalled': 'Die Verbindung ist gerade zu langsam. Versuche es noch einmal.',
  draining: 'Der Server wird neu gestartet. Versuche es noch einmal.',
  unavailable: 'Gerade sind zu wenige Server da. Versuche es in einer Weile noch einmal.',
  internal: 'Auf dem Server ist etwas schiefgegangen. Versuche es noch einmal.',
  unexpected: 'Hier ist etwas schiefgegangen. Lade die Seite neu.',
};

export const retryAfter = (seconds: number): string =>
  seconds < 100
    ? `Versuche es in ${seconds} s noch einmal.`
    : `Versuche es in ${Math.ceil(seconds / 60)} Minuten noch einmal.`;
