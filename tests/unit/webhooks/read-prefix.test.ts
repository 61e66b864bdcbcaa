import { expect, test } from 'vitest'
import { readPrefix } from '../../../shared/webhooks/read-prefix.ts'

const bytesOf = (text: string) => new TextEncoder().encode(text).length

test('keeps a kilobyte at most, whatever the bytes are', async () => {
  const bodies = [
    'x'.repeat(5_000),
    'ß'.repeat(5_000),
    '😀'.repeat(999),
    new Uint8Array(3_000).fill(255),
  ]
  for (const body of bodies) {
    const prefix = await readPrefix(new Response(body))
    expect(bytesOf(prefix)).toBeLessThanOrEqual(1_024)
    expect(bytesOf(prefix)).toBeGreaterThan(1_000)
  }
})

test('takes out control characters', async () => {
  expect(await readPrefix(new Response('a\u0000b\u001b[31mc\nd\u0085e'))).toBe('a b [31mc d e')
})

test('reads no further than it keeps, and lets go of the rest', async () => {
  let pulled = 0
  let canceled = false
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled += 1
      controller.enqueue(new Uint8Array(512).fill(97))
    },
    cancel: () => {
      canceled = true
    },
  })
  expect(await readPrefix(new Response(endless))).toHaveLength(1_024)
  expect(pulled).toBeLessThan(6)
  expect(canceled).toBe(true)
})

test('gives what there is when the connection breaks, and nothing of no body', async () => {
  const breaking = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode('half')),
    pull: (controller) => controller.error(new Error('reset')),
  })
  expect(await readPrefix(new Response(breaking))).toBe('half')
  expect(await readPrefix(new Response(null))).toBe('')
})
