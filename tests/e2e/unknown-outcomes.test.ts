import { randomUUID } from 'node:crypto'
import { beforeAll, expect, inject, test } from 'vitest'
import {
  newSandboxAccount,
  readPostAs,
  type SandboxAccount,
  scheduleAt,
  untilUnconfirmedOnce,
} from '../helpers/sandbox-account.ts'
import { sandboxX } from '../helpers/sandbox-x.ts'
import { until } from '../helpers/until.ts'

let account: SandboxAccount
beforeAll(async () => {
  account = await newSandboxAccount(inject('stack'))
})

const x = () => sandboxX(inject('stack').x_url)
const onPosts = () => ({ username: account.username, method: 'POST', path: '/2/tweets' })

const call = async (path: string, body: object) => {
  const { data } = await account.client.auth.getSession()
  const response = await fetch(`${inject('stack').api_url}/functions/v1/api${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${data.session?.access_token}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(body),
  })
  const answer = await response.json()
  return { status: response.status, slug: String(answer.type ?? '').split('#')[1], body: answer }
}

const becomes = (post: string, status: string, seconds = 40) =>
  until(
    `the post is ${status}`,
    async () => (await readPostAs(account.client, post)).status === status,
    seconds * 1000,
  )

/** Posts with the API of X itself, as the account's owner might by hand. */
const postByHand = async (username: string): Promise<string> => {
  const { access_token } = await x().newTokens(username)
  const response = await fetch(`${inject('stack').x_url}/2/tweets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ text: `by hand ${randomUUID()}` }),
  })
  return ((await response.json()) as { data: { id: string } }).data.id
}

test('a post whose answer was lost is found in the timeline, and is there once', async () => {
  await x().addFault({ match: onPosts(), kind: 'reset_after', times: 1 })
  const post = await scheduleAt(account, new Date(), ['lost & found https://example.com/?a=1&b=2'])

  await untilUnconfirmedOnce(account.client, post)
  await becomes(post, 'published')

  expect(await x().accepted(account.username)).toHaveLength(1)
})

test('a person settles what X does not show: with a post of that account, and no other', async () => {
  await x().addFault({ match: onPosts(), kind: 'reset_before', times: 1 })
  const post = await scheduleAt(account, new Date())
  await becomes(post, 'unconfirmed')
  const path = `/posts/${post}/resolve`
  const [own, foreign] = [await postByHand(account.username), await postByHand('bob')]
  const live = (url: string) => call(path, { outcome: 'live', url })

  expect(await call(path, { outcome: 'not_live' })).toMatchObject({
    status: 409,
    slug: 'post-in-flight',
  })
  const refusals = [
    await live(`https://x.com/bob/status/${foreign}`),
    await live(`https://x.com/${account.username}/status/${foreign}`),
    await live('https://x.com/someone/status/12345'),
  ]
  for (const refusal of refusals) {
    expect(refusal).toMatchObject({ status: 422, slug: 'not-the-accounts-post' })
  }
  await x().addFault({ match: { method: 'GET', path: '/2/tweets' }, kind: '503', times: 1 })
  expect(await live(`https://x.com/${account.username}/status/${own}`)).toMatchObject({
    status: 503,
    slug: 'network-unavailable',
  })
  expect((await readPostAs(account.client, post)).status).toBe('unconfirmed')

  const settled = await live(`https://mobile.twitter.com/${account.username}/status/${own}?s=20`)
  expect(settled).toMatchObject({
    status: 200,
    body: { status: 'published', segments: [{ remote_id: own }] },
  })
  expect(await live(`https://x.com/i/status/${own}`)).toMatchObject({
    status: 409,
    slug: 'nothing-to-resolve',
  })
})

test('false 401s delay a post and disconnect nobody', async () => {
  await x().addFault({ match: onPosts(), kind: '401', times: 2 })
  const post = await scheduleAt(account, new Date())

  await becomes(post, 'published')

  const { data } = await account.client.from('accounts').select('status').single()
  expect(data).toEqual({ status: 'active' })
  const { data: attempts } = await account.client
    .from('publish_attempts')
    .select('status, error')
    .eq('post_id', post)
    .order('number')
  expect(attempts?.map(({ status }) => status)).toEqual(['abandoned', 'abandoned', 'accepted'])
  expect(attempts?.[0]?.error).toMatchObject({ slug: 'token-refused', who: 'account' })
})

test('a suspended account is paused, and its post waits instead of failing', async () => {
  const suspended = await newSandboxAccount(inject('stack'))
  await x().addFault({
    match: { username: suspended.username, method: 'POST', path: '/2/tweets' },
    kind: 'answer',
    times: 1,
    status: 403,
    body: {
      title: 'Forbidden',
      status: 403,
      detail: 'This user is suspended.',
      type: 'https://api.x.com/2/problems/user-suspended',
    },
  })
  const post = await scheduleAt(suspended, new Date())

  await until('the account is paused', async () => {
    const { data } = await suspended.client
      .from('accounts')
      .select('status, status_detail')
      .single()
    return data?.status === 'paused' && data.status_detail === 'This user is suspended.'
  })
  expect((await readPostAs(suspended.client, post)).status).toBe('scheduled')
})
