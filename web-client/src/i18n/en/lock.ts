export const lock = {
  title: 'Restante is locked',
  text: 'Your messages are encrypted on this device. Messages for you wait in your mailbox until you unlock it.',
  passphrase: 'Passphrase',
  unlock: 'Unlock',
  forgotten: 'Forgotten?',
  forgottenTitle: 'Without the passphrase',
  forgottenText:
    'Nobody can open the messages on this device without it. You can delete them from here, then sign in with your username and password as a new device. This cannot be undone.',
  abandon: 'Delete them from this device',
  keyLost:
    'The key to the messages on this device is gone, so nobody can open them. You can delete them from here, then sign in again as a new device.',

  label: 'Passphrase lock',
  about:
    'Encrypts what is stored on this device with a passphrase that Restante asks for when it is opened. While it is locked nothing is received.',
  set: 'Set a passphrase',
  setText: 'If you forget it, the messages on this device are lost.',
  change: 'Change passphrase',
  remove: 'Remove passphrase',
  removeText: 'What is stored on this device can then be opened by whoever uses this browser.',
  now: 'Lock now',
  nowAbout: 'In all tabs. Closing the last tab or loading it again locks too.',
  after: 'Lock when nobody uses it for',
  choices: {
    minute: '1 minute',
    quarter: '15 minutes',
    hour: '1 hour',
    hours: '8 hours',
    never: 'Only when it is closed',
  },
  current: 'Passphrase until now',
  next: 'New passphrase',
  again: 'New passphrase again',
  differs: 'This is not the same passphrase.',
  takesTime: 'All that is stored is encrypted anew. That may take a while.',
} as const;
