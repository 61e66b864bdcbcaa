import { expect, test } from 'vitest'
import { decrypt, encrypt } from '../../../shared/crypto/encrypt.ts'
import { parseKeyRing } from '../../../shared/crypto/key-ring.ts'

const key = (letter: string) => btoa(letter.repeat(32))
const ring = parseKeyRing({ new: key('n'), old: key('o') })
const oldRing = parseKeyRing({ old: key('o') })
const place = 'private.account_tokens|encrypted_tokens|account-1|workspace-1'

test('gives back what was put in, text of any script included', async () => {
  for (const text of ['', 'token', '漢字 👋 ñ', 'x'.repeat(100_000)]) {
    expect(await decrypt(ring, await encrypt(ring, text, place), place)).toBe(text)
  }
})

test('names the key it used, and is different every time', async () => {
  const one = await encrypt(ring, 'token', place)
  expect(one).toMatch(/^v1\.new\.[\w-]{16}\.[\w-]+$/)
  expect(await encrypt(ring, 'token', place)).not.toBe(one)
})

test('opens what an older key of the ring closed', async () => {
  expect(await decrypt(ring, await encrypt(oldRing, 'token', place), place)).toBe('token')
})

test('opens nowhere but in its place', async () => {
  const envelope = await encrypt(ring, 'token', place)
  const elsewhere = place.replace('account-1', 'account-2')
  await expect(decrypt(ring, envelope, elsewhere)).rejects.toThrow()
})

test('refuses an unknown key instead of guessing', async () => {
  const envelope = await encrypt(ring, 'token', place)
  await expect(decrypt(oldRing, envelope, place)).rejects.toThrow(
    'No encryption key has the id "new"',
  )
})

test('opens nothing that was changed', async () => {
  const envelope = await encrypt(ring, 'token', place)
  const [version, id, iv = '', sealed = ''] = envelope.split('.')
  const flip = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
  const changed = [
    [version, id, flip(iv), sealed],
    [version, id, iv, flip(sealed)],
    [version, 'old', iv, sealed],
    ['v2', id, iv, sealed],
    [version, id, iv],
    [version, id, iv, sealed, 'more'],
  ]
  for (const parts of changed) await expect(decrypt(ring, parts.join('.'), place)).rejects.toThrow()
})
