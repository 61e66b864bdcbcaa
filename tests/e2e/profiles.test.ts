import { beforeAll, expect, inject, test } from 'vitest'
import { asSuperuser } from '../helpers/accounts.ts'
import { apiAs } from '../helpers/api.ts'
import { newSandboxAccount, type SandboxAccount } from '../helpers/sandbox-account.ts'
import { sandboxX } from '../helpers/sandbox-x.ts'
import { until } from '../helpers/until.ts'

let owner: SandboxAccount
let api: ReturnType<typeof apiAs>
const x = () => sandboxX(inject('stack').x_url)

beforeAll(async () => {
  owner = await newSandboxAccount(inject('stack'))
  const { data } = await owner.client.auth.getSession()
  api = apiAs(data.session?.access_token)
})

const refresh = () => api('POST', `/accounts/${owner.id}/refresh`)
const post = (content: string) =>
  api('POST', '/posts', { body: { account_id: owner.id, content, scheduled_at: 'now' } })
const untilStatus = (id: string, status: string) =>
  until(`the post is ${status}`, async () => {
    const { body } = await api('GET', `/posts/${id}`)
    return body.status === status && body
  })

/** A minute passes. */
const later = () =>
  asSuperuser(
    `update public.accounts set profile_asked_at = now() - interval '1 minute' where id = $1`,
    [owner.id],
  )

const told = async () => {
  const { body } = await api('GET', '/events?types=account.updated&limit=100')
  return body.data.map(({ data }: { data: { text_limit: number } }) => data.text_limit)
}

test('long texts are written once the account pays for them, and refused once X refuses them', async () => {
  const tooLong = await post('a'.repeat(300))
  expect([tooLong.status, tooLong.body.errors]).toMatchObject([
    422,
    [{ slug: 'text-too-long', remedy: expect.stringContaining('/accounts/:id/refresh') }],
  ])

  await x().newUser(owner.username, { name: 'New Name', subscription_type: 'Premium' })
  expect((await refresh()).body.text_limit).toBe(280)
  await later()
  expect((await refresh()).body).toMatchObject({ text_limit: 25_000, display_name: 'New Name' })
  const long = await post('b'.repeat(300))
  await untilStatus(long.body.id, 'published')

  const ended = 'c'.repeat(300)
  await x().addFault({
    match: { text_contains: ended },
    kind: 'answer',
    status: 403,
    body: { title: 'Forbidden', status: 403, detail: 'Your Tweet text is too long.' },
  })
  const refused = await post(ended)
  expect((await untilStatus(refused.body.id, 'failed')).failure).toMatchObject({
    slug: 'text-too-long',
    remedy: expect.stringContaining('/accounts/:id/refresh'),
  })
  expect((await api('GET', `/accounts/${owner.id}`)).body.text_limit).toBe(280)
  expect((await post('d'.repeat(300))).status).toBe(422)
  expect(await told()).toEqual([25_000, 280])
})

test('a disconnected account is not asked for, and says so', async () => {
  await api('DELETE', `/accounts/${owner.id}`)
  const { status, body } = await refresh()
  expect([status, body.type.split('#')[1]]).toEqual([409, 'account-not-connected'])
})
