import { Webhook } from 'standardwebhooks'
import { poll } from '../poll.ts'
import type { Receiver } from './receiver.ts'
import type { Demo } from './seed.ts'

type Live = { type: string; subject_id: string; data: Record<string, unknown> }
type Day = { impressions: number }
type Print = (line: string) => void

const clock = (instant = new Date()) => instant.toISOString().slice(11, 23)

/** The steps that make the job done, each ticked off when it is seen. */
const STEPS = ['published', 'webhook', 'metrics'] as const
export type Step = (typeof STEPS)[number]

/**
 * Follows one post live: its events over Realtime, its webhook at the consumer, its first metrics.
 * Resolves with the steps seen once all are, or when the time is over.
 */
export const showJob = async (
  demo: Demo,
  receiver: Receiver,
  print: Print,
  timeoutMs: number,
): Promise<{ schedule(): Promise<string>; done: Promise<Set<Step>> }> => {
  const seen = new Set<Step>()
  await followRealtime(demo, seen, print)
  followWebhooks(demo, receiver, seen, print)
  const done = poll(() => STEPS.every((step) => seen.has(step)), { timeoutMs }).then(async () => {
    await demo.client.removeAllChannels()
    return seen
  })
  return { schedule: () => schedule(demo, print), done }
}

const schedule = async ({ api, accountId }: Demo, print: Print): Promise<string> => {
  const at = new Date(Date.now() + 3_000)
  const { id } = await api<{ id: string }>('POST', '/posts', {
    account_id: accountId,
    content: `Hello from MyPosts, scheduled for ${clock(at)} UTC`,
    scheduled_at: at.toISOString(),
  })
  print(`post ${id} scheduled for ${clock(at)} UTC`)
  return id
}

const followRealtime = async (demo: Demo, seen: Set<Step>, print: Print) => {
  await demo.client.realtime.setAuth()
  const open = (topic: string, event: string, listener: (payload: never) => void) =>
    new Promise<void>((resolve, reject) => {
      demo.client
        .channel(topic, { config: { private: true } })
        .on('broadcast', { event }, ({ payload }) => listener(payload as never))
        .subscribe((status, error) => {
          if (status === 'SUBSCRIBED') resolve()
          else if (status === 'CHANNEL_ERROR') reject(error ?? new Error(`${topic} was refused`))
        })
    })
  await open(`workspace:${demo.workspaceId}`, 'events', ({ events }: { events: Live[] }) => {
    for (const event of events) {
      if (!event.type.startsWith('post.')) continue
      print(`Realtime  ${event.type}${lateness(event)}`)
      if (event.type === 'post.published') seen.add('published')
    }
  })
  await open(`account:${demo.accountId}`, 'stats', ({ days }: { days: Day[] }) => {
    const impressions = days.reduce((sum, day) => sum + day.impressions, 0)
    if (seen.has('metrics') || impressions === 0) return
    seen.add('metrics')
    print(`Realtime  first metrics collected and rolled up: ${impressions} impressions`)
  })
}

const lateness = ({ type, data }: Live) =>
  type === 'post.published' ? ` ${data.late_ms} ms after its instant` : ''

const followWebhooks = (demo: Demo, receiver: Receiver, seen: Set<Step>, print: Print) => {
  const webhook = new Webhook(demo.secret)
  receiver.onDelivery(({ headers, body }) => {
    const { type } = webhook.verify(body, headers) as { type: string }
    print(`webhook   ${type} received, signature verified`)
    if (type === 'post.published') seen.add('webhook')
  })
}
