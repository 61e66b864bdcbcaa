import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { mac, send } from './activity.ts'
import { type Answer, json, refusals } from './answers.ts'
import { SANDBOX_BEARER_TOKEN } from './app-secrets.ts'
import type { Call } from './call.ts'
import type { World } from './world.ts'

/** A JSON body of that form, null otherwise. */
export const parse = <T>(schema: z.ZodType<T>, body: string): T | null => {
  try {
    return schema.safeParse(JSON.parse(body)).data ?? null
  } catch {
    return null
  }
}

/** Whether the app itself calls, with its app-only token. */
export const isApp = ({ authorization }: Call): boolean =>
  authorization === `Bearer ${SANDBOX_BEARER_TOKEN}`

const Registration = z.strictObject({ url: z.url() })

/** Asks the address for the right answer to a random challenge, as X does before it believes in it. */
const passesChallenge = async (world: World, url: string): Promise<boolean> => {
  const token = randomBytes(16).toString('hex')
  try {
    const response = await fetch(`${url}?crc_token=${token}`, {
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    })
    const { response_token } = (await response.json()) as { response_token?: string }
    return response.status === 200 && response_token === mac(world.delivery.consumer_secret, token)
  } catch {
    return false
  }
}

const crcFailed = () =>
  json(400, {
    errors: [{ message: 'CrcValidationFailed' }],
    title: 'Invalid Request',
    detail: 'The webhook did not answer the challenge.',
    type: 'https://api.twitter.com/2/problems/invalid-request',
  })

const register = async (world: World, call: Call): Promise<Answer> => {
  const wanted = parse(Registration, call.body)
  if (!wanted) return refusals.invalid('url', 'must be a URL')
  if (!(await passesChallenge(world, wanted.url))) return crcFailed()
  const created_at = new Date(world.now()).toISOString()
  const webhook = { id: world.nextId(), url: wanted.url, valid: true, created_at }
  world.record({ t: 'webhook', webhook })
  return json(200, { data: webhook })
}

const validate = async (world: World, id: string): Promise<Answer> => {
  const webhook = world.state.webhooks.get(id)
  if (!webhook) return refusals.unknownPath()
  const valid = await passesChallenge(world, webhook.url)
  world.record({ t: 'webhook', webhook: { ...webhook, valid } })
  return valid ? json(200, { data: { valid } }) : crcFailed()
}

const minute = z.string().regex(/^\d{12}$/)
const Replay = z.strictObject({ webhook_id: z.string(), from_date: minute, to_date: minute })

const instant = (text: string) =>
  Date.parse(text.replace(/^(....)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:00Z'))

const replay = (world: World, call: Call): Answer => {
  const wanted = parse(Replay, call.body)
  if (!wanted) return refusals.invalid('from_date', 'must be yyyymmddhhmm')
  const [from, until] = [instant(wanted.from_date), instant(wanted.to_date)]
  const minutesAgo = (at: number) => (world.now() - at) / 60_000
  const isAllowed =
    minutesAgo(from) > 31 && minutesAgo(from) <= 1_440 && minutesAgo(until) > 10 && from < until
  if (!isAllowed || until - from > 2 * 3_600_000) {
    return refusals.invalid('from_date', 'is outside of what can be replayed')
  }
  for (const sent of world.sent.filter(({ at }) => at >= from && at < until)) {
    void send(world, sent)
  }
  return json(200, { data: { job_id: world.nextId(), created_at: new Date().toISOString() } })
}

/** `/2/webhooks`: null for every other call. Slow, because X asks the address back. */
export const manageWebhooks = (world: World, call: Call): Promise<Answer> | null => {
  const [, id] = /^\/2\/webhooks(?:\/(\w+))?$/.exec(call.path) ?? [null, null]
  if (id === null) return null
  if (!isApp(call)) return Promise.resolve(refusals.unauthorized())
  const { webhooks } = world.state
  const done = (answer: Answer) => Promise.resolve(answer)
  switch (`${call.method} ${id === undefined ? '' : id === 'replay' ? 'replay' : ':id'}`) {
    case 'POST ':
      return register(world, call)
    case 'GET ':
      return done(json(200, { data: [...webhooks.values()] }))
    case 'POST replay':
      return done(replay(world, call))
    case 'PUT :id':
      return validate(world, id ?? '')
    case 'DELETE :id':
      world.record({ t: 'unwebhook', id: id ?? '' })
      return done(json(200, { data: { deleted: true } }))
    default:
      return done(refusals.unknownPath())
  }
}
