import type { FetchPublic } from '../../../shared/egress/fetch-public.ts'
import type { Host } from '../host.ts'
import type { World } from '../world.ts'
import { drawFate, type Ending } from './fates.ts'
import type { Receipts } from './receipts.ts'

const responseOf = ({ status, retryAfterMs }: Ending & { kind: 'answers' }) =>
  new Response(status === 204 ? null : 'noted', {
    status,
    headers: retryAfterMs === undefined ? {} : { 'retry-after': String(retryAfterMs / 1_000) },
  })

const textOf = (ending: Ending) =>
  ending.kind === 'answers'
    ? `${ending.status}${ending.retryAfterMs === undefined ? '' : `, come back in ${ending.retryAfterMs / 1_000} s`}`
    : ending.kind

/**
 * The way to receivers of webhooks, at the level of `fetchPublic`. As on the way to X, a request leaves
 * a moment after it was asked for, and what has left is the receiver's.
 */
export const createReceiverWire = (world: World, receipts: Receipts) => {
  const { scheduler, trace } = world
  const random = world.random.fork('receivers')
  const isDead = (url: URL) => world.plan.webhooks.isDead && url.host.startsWith('hook0.')

  return (host: Host): FetchPublic =>
    (url, _addresses, request) =>
      new Promise((resolve, reject) => {
        if (request.signal.aborted) return reject(request.signal.reason)
        const attempt = receipts.ask(url.href, request, host.name)
        const hear = (ending: Ending | null): boolean => {
          if (attempt.heard !== undefined) return false
          attempt.heard = ending
          return true
        }
        request.signal.addEventListener('abort', () => {
          if (hear(null)) reject(request.signal.reason)
        })
        const what = `${world.name(attempt.event)} to ${url.host}`
        host.resume(scheduler.now() + random.between(0.05, 2), `${what} leaves`, () => {
          if (attempt.heard !== undefined) return
          const { ending, ms } = drawFate(world, random, isDead(url))
          trace.add(scheduler.now(), 'hook', `${host.name} sends ${what}: ${textOf(ending)}`)
          if (ending.kind === 'hangs') return
          host.resume(scheduler.now() + ms, `the answer to ${what}`, () => {
            if (!hear(ending)) return
            if (ending.kind === 'breaks') reject(new Error('connection reset'))
            else resolve(responseOf(ending))
          })
        })
      })
}
