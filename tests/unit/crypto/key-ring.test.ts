import { expect, test } from 'vitest'
import { parseKeyRing } from '../../../shared/crypto/key-ring.ts'

const key = btoa('k'.repeat(32))

test('keeps the keys in the order they were written', () => {
  expect([...parseKeyRing({ z9: key, a1: key }).keys()]).toEqual(['z9', 'a1'])
})

test('takes base64 of either alphabet', () => {
  const bytes = parseKeyRing({ k1: `${'_-8'.repeat(14)}_` }).get('k1')
  expect(bytes).toHaveLength(32)
})

const wrong: [string, unknown][] = [
  ['no object', 'a key'],
  ['a list', [key]],
  ['no key at all', {}],
  ['a key that is too short', { k1: btoa('k'.repeat(16)) }],
  ['a key that is no base64', { k1: '*'.repeat(44) }],
  ['a key that is no text', { k1: 7 }],
  ['an id that looks like a number, whose order JSON would not keep', { 1: key }],
  ['an id with a dot, which separates the parts of an envelope', { 'k.1': key }],
]

for (const [what, value] of wrong) {
  test(`refuses ${what}, and quotes no key`, () => {
    expect(() => parseKeyRing(value)).toThrow()
    try {
      parseKeyRing(value)
    } catch (error) {
      expect(String(error)).not.toContain(key)
    }
  })
}
