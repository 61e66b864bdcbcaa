import { randomUUID } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Delivery, type Receiver, startReceiver } from '../../scripts/stack/demo/receiver.ts'
import { sandboxX } from '../helpers/sandbox-x.ts'
import { until } from '../helpers/until.ts'

const ORIGIN = 'http://localhost:3000'
const deliveries: Delivery[] = []
let receiver: Receiver

beforeAll(async () => {
  receiver = await startReceiver(inject('receiverPorts').chain)
  receiver.onDelivery((delivery) => deliveries.push(delivery))
})
afterAll(() => receiver.close())

/** supabase-js as a frontend on another origin uses it. */
const frontend = () => {
  const { api_url, publishable_key } = inject('stack')
  return createClient(api_url, publishable_key, {
    auth: { persistSession: false },
    global: { headers: { origin: ORIGIN } },
  })
}

const invoke = async <T>(
  supabase: ReturnType<typeof frontend>,
  path: string,
  body?: object,
): Promise<T> => {
  const method = body ? 'POST' : 'GET'
  const { data, error } = await supabase.functions.invoke<T>(`api${path}`, {
    method,
    ...(body ? { body } : {}),
  })
  if (error) throw new Error(`${method} ${path}: ${await error.context?.text?.()}`)
  return data as T
}

const connectAccount = async (supabase: ReturnType<typeof frontend>, username: string) => {
  const { authorize_url } = await invoke<{ authorize_url: string }>(
    supabase,
    '/accounts/connect',
    {},
  )
  const consent = await fetch(`${authorize_url}&sandbox_user=${username}`, { redirect: 'manual' })
  const callback = await fetch(consent.headers.get('location') ?? '')
  return ((await callback.json()) as { account_id: string }).account_id
}

type Live = { type: string; subject_id: string; data: { late_ms?: number } }

test('a post travels from sign-up to its first rollup', async () => {
  const { x_url } = inject('stack')
  const username = `chain${randomUUID().slice(0, 8)}`
  await sandboxX(x_url).newUser(username)
  const supabase = frontend()
  const email = `${randomUUID()}@example.com`
  await supabase.auth.signUp({ email, password: 'correct horse battery' })

  const accountId = await connectAccount(supabase, username)
  const endpoint = await invoke<{ id: string; secret: string }>(supabase, '/webhook-endpoints', {
    url: receiver.url,
  })
  const { data: workspace } = await supabase.from('workspaces').select('id').single()
  const live: Live[] = []
  const stats: unknown[] = []
  await supabase.realtime.setAuth()
  const join = (topic: string, listener: (payload: never) => void) =>
    new Promise<void>((resolve, reject) => {
      supabase
        .channel(topic, { config: { private: true } })
        .on('broadcast', { event: '*' }, ({ payload }) => listener(payload as never))
        .subscribe((status, error) =>
          status === 'SUBSCRIBED' ? resolve() : reject(error ?? new Error(status)),
        )
    })
  await join(`workspace:${workspace?.id}`, ({ events }: { events: Live[] }) => live.push(...events))
  await join(`account:${accountId}`, (payload) => stats.push(payload))

  const text = `chain ${randomUUID()}`
  const scheduledAt = new Date(Date.now() + 2_500)
  const post = await invoke<{ id: string; status: string }>(supabase, '/posts', {
    account_id: accountId,
    content: text,
    scheduled_at: scheduledAt.toISOString(),
  })
  expect(post.status).toBe('scheduled')

  const published = await until(
    'Realtime tells that it is published',
    () => live.find(({ type, subject_id }) => type === 'post.published' && subject_id === post.id),
    20_000,
  )
  expect(published.data.late_ms).toBeGreaterThanOrEqual(0)
  const accepted = await sandboxX(x_url).accepted(username)
  expect(accepted.map((sent) => sent.text)).toEqual([text])

  const { data: row } = await supabase
    .from('posts')
    .select('status, published_at, segments(remote_id)')
    .eq('id', post.id)
    .single()
  expect(row).toMatchObject({ status: 'published', segments: [{ remote_id: accepted[0]?.id }] })
  expect(new Date(row?.published_at).getTime()).toBeGreaterThanOrEqual(scheduledAt.getTime())

  const webhook = new Webhook(endpoint.secret)
  const delivery = await until('its webhook arrives, signed', () =>
    deliveries
      .map(({ headers, body }) => webhook.verify(body, headers) as { type: string; data: Live })
      .find(({ type }) => type === 'post.published'),
  )
  expect(delivery.data).toMatchObject({ post_id: post.id, status: 'published' })

  await until('its first metrics are rolled up', () => stats.length > 0, 45_000)
  const { data: measured } = await supabase
    .from('post_stats')
    .select('impressions')
    .eq('post_id', post.id)
    .single()
  expect(measured?.impressions).toBeGreaterThanOrEqual(0)
  await supabase.removeAllChannels()
})

test('a browser on an allowed origin may call, one on another may not', async () => {
  const preflight = (origin: string) =>
    fetch(`${inject('stack').functions_url}/api/posts`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, apikey, content-type, idempotency-key',
      },
    })

  const allowed = await preflight(ORIGIN)
  const refused = await preflight('https://elsewhere.example')

  expect(allowed.headers.get('access-control-allow-origin')).toBe(ORIGIN)
  expect(allowed.headers.get('access-control-allow-headers')).toContain('idempotency-key')
  expect(refused.headers.get('access-control-allow-origin')).toBeNull()
})
