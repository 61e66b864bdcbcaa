import { randomUUID } from 'node:crypto'
import { beforeAll, expect, inject, test } from 'vitest'
import { asSuperuser } from '../helpers/accounts.ts'
import { apiAs } from '../helpers/api.ts'
import { newSandboxAccount, type SandboxAccount } from '../helpers/sandbox-account.ts'
import { sandboxX } from '../helpers/sandbox-x.ts'
import { until } from '../helpers/until.ts'

let shared: SandboxAccount
let api: ReturnType<typeof apiAs>
const x = () => sandboxX(inject('stack').x_url)

beforeAll(async () => {
  shared = await newSandboxAccount(inject('stack'))
  const { data } = await shared.client.auth.getSession()
  api = apiAs(data.session?.access_token)
})

type Credentials = { client_id: string; client_secret: string }

const registerAtX = async (): Promise<Credentials> => {
  const client = { client_id: `own-${randomUUID()}`, client_secret: randomUUID() }
  await x().addApp(client)
  return client
}

const connect = async (appId: string): Promise<{ id: string; username: string }> => {
  const { username } = await x().newUser(`u${randomUUID().slice(0, 8)}`)
  const { body } = await api('POST', '/accounts/connect', { body: { x_app_id: appId } })
  const consent = await fetch(`${body.authorize_url}&sandbox_user=${username}`, {
    redirect: 'manual',
  })
  const callback = await fetch(consent.headers.get('location') ?? '')
  const { account_id: id } = (await callback.json()) as { account_id: string }
  return { id, username }
}

const publish = async (accountId: string, content = `text ${randomUUID()}`) => {
  const body = { account_id: accountId, content, scheduled_at: 'now', late_policy: 'publish' }
  const answer = await api('POST', '/posts', { body })
  expect(answer.status).toBe(201)
  return { id: answer.body.id as string, content }
}

const status = async (id: string) => (await api('GET', `/posts/${id}`)).body.status
const untilPublished = (id: string) =>
  until('it is published', async () => (await status(id)) === 'published', 30_000)

test("an account goes out through its workspace's own app, and only that app runs out of credits", async () => {
  const client = await registerAtX()
  const created = await api('POST', '/x-apps', { body: { name: 'Ours', ...client } })
  expect([created.status, created.body.has_client_secret]).toEqual([201, true])
  const own = await connect(created.body.id)
  const first = await publish(own.id)
  await untilPublished(first.id)
  expect((await x().accepted(own.username)).map(({ text }) => text)).toEqual([first.content])

  await x().setCredits(client.client_id, 0)
  const waiting = await publish(own.id)
  await until('the app is blocked', async () => {
    const { body } = await api('GET', `/x-apps/${created.body.id}`)
    return body.status === 'blocked' && body.status_detail.length > 0
  })
  const meanwhile = await publish(shared.id)
  await untilPublished(meanwhile.id)
  expect(await status(waiting.id)).toBe('scheduled')

  await x().setCredits(client.client_id, null)
  await asSuperuser('update private.x_apps set probe_at = now(), watch_at = now() where id = $1', [
    created.body.id,
  ])
  await untilPublished(waiting.id)
  await until('everybody is told', async () => {
    const { body } = await api('GET', '/events?limit=100')
    const types = body.data.map(({ type }: { type: string }) => type)
    return types.includes('app.blocked') && types.includes('app.unblocked')
  })
})

test('a secret that is rotated refreshes tokens from then on, and an app in use stays', async () => {
  const client = await registerAtX()
  const { body: app, headers } = await api('POST', '/x-apps', { body: { name: 'Ours', ...client } })
  const own = await connect(app.id)
  expect((await api('GET', `/accounts/${own.id}`)).body.x_app_id).toBe(app.id)
  const inUse = await api('DELETE', `/x-apps/${app.id}`)
  expect(inUse.body.type).toMatch(/#x-app-in-use$/)
  expect(inUse.body.detail).toContain(own.id)

  const rotated = randomUUID()
  await x().addApp({ client_id: client.client_id, client_secret: rotated })
  const patched = await api('PATCH', `/x-apps/${app.id}`, {
    body: { client_secret: rotated },
    headers: { 'if-match': headers.get('etag') ?? '' },
  })
  expect(patched.status).toBe(200)
  await asSuperuser('update private.account_tokens set expires_at = now() where account_id = $1', [
    own.id,
  ])
  const post = await publish(own.id)
  await untilPublished(post.id)
  expect((await api('GET', `/accounts/${own.id}`)).body.status).toBe('active')

  await api('DELETE', `/accounts/${own.id}`)
  expect((await api('DELETE', `/x-apps/${app.id}`)).status).toBe(204)
  expect((await api('GET', `/x-apps/${app.id}`)).status).toBe(404)
  await until('its tokens are revoked and its secret is destroyed', async () => {
    const [row] = await asSuperuser<{ secret: string | null }>(
      'select encrypted_client_secret as secret from private.x_apps where id = $1',
      [app.id],
    )
    return row?.secret === null
  })
})

test('a wrong secret is told on the post that waits for it, and the right one sends it', async () => {
  const client = await registerAtX()
  const { body: app } = await api('POST', '/x-apps', { body: { name: 'Ours', ...client } })
  const own = await connect(app.id)
  const rotate = async (client_secret: string) => {
    const { headers } = await api('GET', `/x-apps/${app.id}`)
    const answer = await api('PATCH', `/x-apps/${app.id}`, {
      body: { client_secret },
      headers: { 'if-match': headers.get('etag') ?? '' },
    })
    expect(answer.status).toBe(200)
  }
  await rotate(randomUUID())
  await asSuperuser('update private.account_tokens set expires_at = now() where account_id = $1', [
    own.id,
  ])

  const post = await publish(own.id)
  await until('the post says why it waits', async () => {
    const { failure } = (await api('GET', `/posts/${post.id}`)).body
    return failure?.slug === 'client-refused' && failure.who === 'app'
  })
  const { body: health } = await api('GET', `/accounts/${own.id}/health`)
  expect(health.token).toMatchObject({ state: 'failing', error: { slug: 'client-refused' } })
  const { body: risks } = await api('GET', '/posts/at-risk')
  const risk = risks.data.find((each: { post: { id: string } }) => each.post.id === post.id)
  expect(risk.reasons).toMatchObject([{ slug: 'token', who: 'app' }])

  await rotate(client.client_secret)
  await untilPublished(post.id)
  expect((await api('GET', `/posts/${post.id}`)).body.failure).toBeNull()
})

test('an app in use is registered once, and strangers see nothing of it', async () => {
  const client = await registerAtX()
  const { body: app } = await api('POST', '/x-apps', { body: { name: 'Ours', ...client } })
  await connect(app.id)
  const other = await newSandboxAccount(inject('stack'))
  const { data } = await other.client.auth.getSession()
  const stranger = apiAs(data.session?.access_token)

  const again = await stranger('POST', '/x-apps', { body: { name: 'Theirs', ...client } })
  expect(again.body.type).toMatch(/#x-app-registered$/)
  expect(again.body.remedy).toContain('operator')
  expect((await stranger('GET', `/x-apps/${app.id}`)).status).toBe(404)
  const connecting = await stranger('POST', '/accounts/connect', { body: { x_app_id: app.id } })
  expect(connecting.status).toBe(404)
  expect((await api('GET', '/x-apps')).body.data.map(({ id }: { id: string }) => id)).toContain(
    app.id,
  )
})

test('an app that was only named is whose owner comes next', async () => {
  const client = await registerAtX()
  const named = { name: 'Not ours', client_id: client.client_id }
  const { body: squatted } = await api('POST', '/x-apps', { body: named })
  const other = await newSandboxAccount(inject('stack'))
  const { data } = await other.client.auth.getSession()
  const owner = apiAs(data.session?.access_token)

  const registered = await owner('POST', '/x-apps', { body: { name: 'Mine', ...client } })
  expect(registered.status).toBe(201)
  expect((await api('GET', `/x-apps/${squatted.id}`)).status).toBe(404)
  await until('who had it is told', async () => {
    const { body } = await api('GET', '/events?limit=100')
    return body.data.some(({ type }: { type: string }) => type === 'app.superseded')
  })
})
