import { expect, test } from 'vitest'
import { createRotateKeys } from '../../../shared/accounts/rotate-keys.ts'
import { decrypt, encrypt } from '../../../shared/crypto/encrypt.ts'
import { parseKeyRing } from '../../../shared/crypto/key-ring.ts'
import { fakeWorker } from '../../helpers/fake-worker.ts'

const key = (letter: string) => btoa(letter.repeat(32))
const older = parseKeyRing({ k1: key('k') })
const ring = parseKeyRing({ k2: key('l'), k1: key('k') })

const sealed = async (id: string, aad = `private.things|secret|${id}|w`) => ({
  place: 'things',
  id,
  envelope: encrypt(older, `secret of ${id}`, `private.things|secret|${id}|w`),
  aad,
})

/** A database with batches to hand out. */
const database = (batches: (object[] | null)[]) => {
  const worker = fakeWorker({
    announce_key: () => ({ is_due: batches.length > 0 }),
    claim_envelopes: () => batches.shift() ?? null,
    save_envelopes: ({ p_envelopes }) => ({
      replaced: (p_envelopes as object[]).length,
      left: batches.length,
    }),
  })
  worker.deps.env = { ...worker.deps.env, ENCRYPTION_KEYS: ring }
  return worker
}

test('encrypts anew what an older key sealed, bound to the same place', async () => {
  const worker = database([[await sealed('a'), await sealed('b')], [await sealed('c')]])

  expect(await createRotateKeys(worker.deps)()).toBe(3)

  const saved = worker
    .callsOf('save_envelopes')
    .flatMap(({ p_envelopes }) => p_envelopes as { id: string; replacement: string }[])
  expect(saved.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  for (const { id, replacement } of saved) {
    expect(replacement).toMatch(/^v1\.k2\./)
    expect(decrypt(ring, replacement, `private.things|secret|${id}|w`)).toBe(`secret of ${id}`)
  }
})

test('leaves alone what it cannot read, and replaces the rest', async () => {
  const worker = database([[await sealed('a', 'elsewhere'), await sealed('b')]])

  expect(await createRotateKeys(worker.deps)()).toBe(1)
  expect(worker.logs).toContainEqual(expect.objectContaining({ message: 'secret not readable' }))
})

test('asks once a minute at most when nothing is to be done', async () => {
  const worker = database([])
  const rotate = createRotateKeys(worker.deps)
  await rotate()
  await rotate()
  expect(worker.callsOf('announce_key')).toEqual([{ p_key_id: 'k2' }])
  expect(worker.callsOf('claim_envelopes')).toEqual([])

  worker.advance(60_001)
  await rotate()
  expect(worker.callsOf('announce_key')).toHaveLength(2)
})

test('stops when a batch is not its own', async () => {
  const worker = database([null])
  expect(await createRotateKeys(worker.deps)()).toBe(0)
  expect(worker.callsOf('save_envelopes')).toEqual([])
})
