import { describe, expect, test } from 'vitest'
import { checkTarget } from '../../../shared/egress/check-target.ts'
import urls from '../../data/urls.json' with { type: 'json' }
import { fakeApi } from '../../helpers/fake-api.ts'

/**
 * Each group of hostile URLs names its trick; `names` says what hosts resolve to: all others
 * to something public, so that nothing is refused for want of an address.
 */
const { hostile, benign } = urls
const names: Record<string, string[]> = urls.names

const env = { ...fakeApi().env, SUPABASE_URL: 'https://project.example.net' }
const resolveDns = async (host: string) => names[host] ?? ['8.8.8.8']
const check = (url: string) => checkTarget({ env, resolveDns }, url)

describe.each(Object.entries(hostile))('never sends to what %s', (_, urls) => {
  test.each(urls)('%j', async (url) => {
    const target = await check(url)
    expect(target.kind).toBe('refused')
  })
})

describe('sends to what is public, and nowhere else than to its addresses', () => {
  test.each(benign)('%s', async (url) => {
    const target = await check(url)
    expect(target).toMatchObject({ kind: 'allowed', addresses: expect.any(Array) })
  })
})

test('the table holds what it promises', () => {
  expect(new Set(Object.values(hostile).flat()).size).toBeGreaterThanOrEqual(100)
  expect(new Set(benign).size).toBeGreaterThanOrEqual(15)
})

test('loopback is for development, where the operator names host and port', async () => {
  const development = { ...env, WEBHOOK_PRIVATE_HOSTS: ['127.0.0.1:9000', '[::1]:443'] }
  const checkThere = (url: string) => checkTarget({ env: development, resolveDns }, url)
  for (const url of ['http://127.0.0.1:9000/hook', 'https://127.0.0.1:9000/', 'https://[::1]/']) {
    expect(await checkThere(url)).toMatchObject({ kind: 'allowed', addresses: null })
    expect((await check(url)).kind).toBe('refused')
  }
  const near = ['http://127.0.0.1/', 'http://127.0.0.1:9001/', 'http://127.0.0.2:9000/']
  for (const url of [...near, 'http://localhost:9000/', 'http://u@127.0.0.1:9000/']) {
    expect((await checkThere(url)).kind).toBe('refused')
  }
})
