import { createHmac } from 'node:crypto'
import type { PublicRequest } from '../../../shared/egress/fetch-public.ts'
import type { SimEndpoint } from '../database/endpoints.ts'
import type { World } from '../world.ts'
import type { Ending } from './fates.ts'

/** One attempt that a call handed to a worker, and the one request it was good for. */
export type Attempt = {
  delivery: string
  endpoint: string
  event: string
  number: number
  /** Each time it was handed out: where it goes, and the secrets valid then, the current one first. */
  handed: { url: string; secrets: string[] }[]
  sentBy: string | null
  /** What its worker heard; null: nothing in time. Absent while the request is under way. */
  heard?: Ending | null
}

const signature = (secret: string, id: string, timestamp: string, body: Uint8Array): string => {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body)
  return `v1,${mac.digest('base64')}`
}

/** What was handed out, was sent and was heard of, seen from outside. */
export const createReceipts = (world: World, endpoints: SimEndpoint[]) => {
  const attempts = new Map<string, Attempt[]>()
  const bodies = new Map<string, string>()
  const plain = new Map(
    endpoints.flatMap(({ secrets }) => secrets.map(({ sealed, plain }) => [sealed, plain])),
  )
  const of = (delivery: string) => attempts.get(delivery) ?? []

  const checkBody = (id: string, body: Uint8Array, what: string) => {
    const text = Buffer.from(body).toString()
    if (JSON.parse(text).id !== id) world.fail(`${what}: its body is of another event`)
    if ((bodies.get(id) ?? text) !== text)
      world.fail(`${what}: its body is another one than before`)
    bodies.set(id, text)
  }

  return {
    of,
    all: () => [...attempts.values()].flat(),
    /** A call handed an attempt out, perhaps again. */
    handOut: (attempt: Omit<Attempt, 'sentBy' | 'handed'>, url: string, sealed: string[]) => {
      const known = of(attempt.delivery)
      const same = known.find(({ number }) => number === attempt.number)
      const handed = { url, secrets: sealed.map((each) => plain.get(each) ?? '') }
      if (same) same.handed.push(handed)
      else
        attempts.set(attempt.delivery, [...known, { ...attempt, handed: [handed], sentBy: null }])
      return same === undefined
    },
    /** A worker asks for a POST: allowed once for what it was handed, signed for whom it goes to. */
    ask: (url: string, { headers, body }: PublicRequest, who: string): Attempt => {
      const { 'webhook-id': id = '', 'webhook-timestamp': time = '' } = headers
      const what = `${who} POSTs ${world.name(id)} to ${url}`
      const allowed = [...attempts.values()]
        .flat()
        .filter(
          ({ event, sentBy, handed }) =>
            event === id && sentBy === null && handed.some((each) => each.url === url),
        )
      if (allowed.length === 0) return world.fail(`${what}, which nothing allowed`)
      // Who wakes late sends what it was handed before the attempts of others, and signs as was right then.
      const attempt = allowed.findLast(({ handed }) =>
        handed.some(
          ({ secrets }) =>
            secrets.map((secret) => signature(secret, id, time, body)).join(' ') ===
            headers['webhook-signature'],
        ),
      )
      if (!attempt) return world.fail(`${what} with a signature of none of its secrets`)
      attempt.sentBy = who
      checkBody(id, body, what)
      return attempt
    },
  }
}

export type Receipts = ReturnType<typeof createReceipts>
