import { expect, test } from 'vitest'
import { decrypt, encrypt } from '../../../shared/crypto/encrypt.ts'
import { parseKeyRing } from '../../../shared/crypto/key-ring.ts'

const key = (letter: string) => btoa(letter.repeat(32))
const ring = parseKeyRing({ new: key('n'), old: key('o') })
const oldRing = parseKeyRing({ old: key('o') })
const place = 'private.account_tokens|encrypted_tokens|account-1|workspace-1'

test('gives back what was put in, text of any script included', () => {
  for (const text of ['', 'token', '漢字 👋 ñ', 'x'.repeat(100_000)]) {
    expect(decrypt(ring, encrypt(ring, text, place), place)).toBe(text)
  }
})

test('names the key it used, and is different every time', () => {
  const one = encrypt(ring, 'token', place)
  expect(one).toMatch(/^v1\.new\.[\w-]{16}\.[\w-]+$/)
  expect(encrypt(ring, 'token', place)).not.toBe(one)
})

test('opens what an older key of the ring closed', () => {
  expect(decrypt(ring, encrypt(oldRing, 'token', place), place)).toBe('token')
})

test('opens nowhere but in its place', () => {
  const envelope = encrypt(ring, 'token', place)
  const elsewhere = place.replace('account-1', 'account-2')
  expect(() => decrypt(ring, envelope, elsewhere)).toThrow()
})

test('refuses an unknown key instead of guessing', () => {
  const envelope = encrypt(ring, 'token', place)
  expect(() => decrypt(oldRing, envelope, place)).toThrow('No encryption key has the id "new"')
})

test('opens nothing that was changed', () => {
  const envelope = encrypt(ring, 'token', place)
  const [version, id, iv = '', sealed = ''] = envelope.split('.')
  const flip = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
  const changed = [
    [version, id, flip(iv), sealed],
    [version, id, iv, flip(sealed)],
    [version, 'old', iv, sealed],
    ['v2', id, iv, sealed],
    [version, id, iv],
    [version, id, iv, sealed, 'more'],
    [version, id, iv, 'AAAA'],
  ]
  for (const parts of changed) expect(() => decrypt(ring, parts.join('.'), place)).toThrow()
})
