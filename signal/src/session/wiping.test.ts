import { expect, test, vi } from 'vitest';
import { strangers } from './peer.model.ts';

/** Secrets that are in no state are overwritten after use, also when the message is refused. */

const secrets = vi.hoisted((): { label: string; bytes: Uint8Array }[] => []);

vi.mock(import('../kdf.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    hkdf: (salt, input, info, length) => {
      const output = original.hkdf(salt, input, info, length);
      const label = new TextDecoder().decode(info);
      if (label.startsWith('Whisper')) {
        secrets.push({ label: `input of ${label}`, bytes: input }, { label, bytes: output });
      }
      if (label === 'WhisperMessageKeys' && salt !== null) {
        secrets.push({ label: 'key of the post-quantum ratchet', bytes: salt });
      }
      return output;
    },
  };
});

vi.mock(import('../curve.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    agree: (privateKey, publicKey) => {
      const bytes = original.agree(privateKey, publicKey);
      secrets.push({ label: 'Diffie-Hellman output', bytes });
      return bytes;
    },
  };
});

vi.mock(import('../kyber1024.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    decapsulate: (secretKey, ciphertext) => {
      const bytes = original.decapsulate(secretKey, ciphertext);
      secrets.push({ label: "Kyber's shared secret", bytes });
      return bytes;
    },
  };
});

vi.mock(import('../aes-cbc.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    encryptCbc: (key, iv, plaintext) => {
      secrets.push({ label: 'cipher key', bytes: key }, { label: 'iv', bytes: iv });
      return original.encryptCbc(key, iv, plaintext);
    },
    decryptCbc: (key, iv, ciphertext) => {
      secrets.push({ label: 'cipher key', bytes: key }, { label: 'iv', bytes: iv });
      return original.decryptCbc(key, iv, ciphertext);
    },
  };
});

test('keys of handshakes, root steps and messages are zeros after each operation', () => {
  const { alice, bob } = strangers();
  const seen = new Set<string>();
  const expectWiped = (): void => {
    for (const { label, bytes } of secrets) {
      seen.add(label);
      expect(bytes, label).toEqual(new Uint8Array(bytes.length));
    }
    secrets.length = 0;
  };
  alice.start(bob);
  expectWiped();
  for (const text of ['one', 'two']) {
    const message = alice.send(bob, text);
    expectWiped();
    const at = message.type === 'message' ? message.body.length - 1 : 150;
    const changed = { ...message, body: message.body.with(at, message.body[at]! ^ 1) };
    expect(() => bob.read(alice, changed)).toThrow();
    expectWiped();
    bob.read(alice, message);
    expectWiped();
    alice.read(bob, bob.send(alice, 'answer'));
    expectWiped();
  }
  expect([...seen].sort()).toEqual([
    'Diffie-Hellman output',
    "Kyber's shared secret",
    'WhisperMessageKeys',
    'WhisperRatchet',
    'WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024',
    'cipher key',
    'input of WhisperMessageKeys',
    'input of WhisperRatchet',
    'input of WhisperText_X25519_SHA-256_CRYSTALS-KYBER-1024',
    'iv',
    'key of the post-quantum ratchet',
  ]);
});
