import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { denoBinary } from '../../../scripts/stack/deno-binary.ts'
import { decrypt, encrypt } from '../../../shared/crypto/encrypt.ts'
import { parseKeyRing } from '../../../shared/crypto/key-ring.ts'

const secret = btoa('k'.repeat(32))
const ring = parseKeyRing({ one: secret })
const text = `${'x'.repeat(50_000)} 漢字 👋`
const flip = (part: string) => (part.startsWith('A') ? 'B' : 'A') + part.slice(1)
const flipTag = (part: string) => part.slice(0, -8) + flip(part.slice(-8))

/** Functions run on Deno, whose `node:crypto` is not Node's: the same module is tried there. */
const tryInDeno = (envelopes: string[]): { opened: (string | null)[]; sealed: string } => {
  const [crypto, keys] = ['encrypt.ts', 'key-ring.ts'].map(
    (file) => pathToFileURL(join(import.meta.dirname, '../../../shared/crypto', file)).href,
  )
  const script = `
    import { decrypt, encrypt } from ${JSON.stringify(crypto)}
    import { parseKeyRing } from ${JSON.stringify(keys)}
    const ring = parseKeyRing({ one: ${JSON.stringify(secret)} })
    const open = (envelope) => { try { return decrypt(ring, envelope, 'here') } catch { return null } }
    const opened = ${JSON.stringify(envelopes)}.map(open)
    console.log(JSON.stringify({ opened, sealed: encrypt(ring, opened[0], 'here') }))
  `
  const flags = ['run', '--quiet', '--no-check', '--no-config', '--no-lock', '-']
  return JSON.parse(execFileSync(denoBinary(), flags, { input: script, encoding: 'utf8' }))
}

test('Deno opens what Node sealed, in its place and unchanged only, and Node what Deno sealed', () => {
  const envelope = encrypt(ring, text, 'here')
  const [version, id, iv = '', sealed = ''] = envelope.split('.')
  const changed = [
    [version, id, flip(iv), sealed],
    [version, id, iv, flip(sealed)],
    [version, id, iv, flipTag(sealed)],
    [version, id, iv, sealed.slice(0, -22)],
    [version, id, iv, sealed.slice(0, 22)],
  ].map((parts) => parts.join('.'))

  const inDeno = tryInDeno([envelope, encrypt(ring, text, 'elsewhere'), ...changed])

  expect(inDeno.opened).toEqual([text, null, ...changed.map(() => null)])
  expect(decrypt(ring, inDeno.sealed, 'here')).toBe(text)
})
