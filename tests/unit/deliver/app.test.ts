import { expect, test } from 'vitest'
import { createApp } from '../../../functions/deliver/app.ts'
import { fakeApi, token } from '../../helpers/fake-api.ts'

const claim = { endpoints: [], deliveries: [], next_in_ms: null }

const ring = async (headers: Record<string, string>) => {
  const { deps, calls, wake } = fakeApi({ 'service.claim_deliveries': () => claim })
  const url = 'https://project.example.com/deliver'
  const response = await createApp(deps).request(url, { method: 'POST', headers })
  return { response, calls, wake }
}

test('answers 202 to cron at once, and then looks for work', async () => {
  const { response, calls } = await ring({ apikey: 'sb_secret_cron' })
  expect(response.status).toBe(202)
  expect(calls.map(({ name }) => name)).toContain('service.claim_deliveries')
})

test.each([
  ['nobody', {}],
  ['the publishable key', { apikey: 'sb_publishable_test' }],
  ['another secret key', { apikey: 'sb_secret_default' }],
  ['a made-up key', { apikey: 'sb_secret_wrong' }],
])('does nothing for %s', async (_, headers) => {
  const { response, calls } = await ring(headers as Record<string, string>)
  expect(response.status).toBe(401)
  expect(calls).toEqual([])
})

test('does nothing for a signed-in user', async () => {
  const { response, calls } = await ring({ authorization: `Bearer ${await token()}` })
  expect(response.status).toBe(401)
  expect(calls).toEqual([])
})
