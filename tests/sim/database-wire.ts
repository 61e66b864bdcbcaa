import { fromPostgres } from '../../shared/db/from-postgres.ts'
import type { Rpc } from '../../shared/db/rpc.ts'
import { problems } from '../../shared/http/problems.ts'
import type { Answered } from './database/session.ts'
import type { Host } from './host.ts'
import type { World } from './world.ts'

/** PostgREST's client gives up after that (shared/db/rest.ts). */
const GIVES_UP_MS = 30_000

type Fate =
  | 'fine'
  | 'lost before'
  | 'lost after'
  | 'undone'
  | 'ghost'
  | 'dies before commit'
  | 'dies after commit'

const fateOf = (world: World, host: Host): Fate => {
  const { database, isolate } = world.plan
  if (!world.isStormy()) return 'fine'
  const fate = host.random.weighted({
    'lost before': database.lostBefore,
    'lost after': database.lostAfter,
    undone: database.undone,
    ghost: database.ghost,
    'dies before commit': isolate.crashAtCommit / 2,
    'dies after commit': isolate.crashAtCommit / 2,
    fine: 1,
  })
  return fate
}

/** Long, or from nowhere near the seed. */
const UNTOLD = new Set([
  'encrypted_tokens',
  'p_encrypted_tokens',
  'encrypted_secrets',
  'text',
  'remedy',
  'detail',
  'data',
])

/** What is short of everything in an answer or an argument. */
const gist = (world: World, value: unknown): string => {
  const text = JSON.stringify(value, (key, part) => (UNTOLD.has(key) ? undefined : part))
  const named = (text ?? '').replaceAll(
    /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g,
    (id) => world.name(id),
  )
  const relative = named.replaceAll(/"\d{4}-\d\d-\d\dT[^"]+"/g, (time) => {
    const seconds = (Date.parse(JSON.parse(time)) - world.time() + world.scheduler.now()) / 1000
    return `+${seconds.toFixed(3)}`
  })
  return relative.length > 400 ? `${relative.slice(0, 400)}…` : relative
}

/**
 * The way to Postgres: requests and answers get lost, come late, or are carried out after their caller
 * gave up; a worker dies around a commit. The call itself is the real one.
 */
export const createDatabaseWire =
  (world: World, isOut: () => boolean) =>
  (host: Host): Rpc =>
  <T>(fn: string, args: Record<string, unknown> = {}) =>
    new Promise<T>((resolve, reject) => {
      const { scheduler, trace, plan } = world
      const start = scheduler.now()
      const fate = fateOf(world, host)
      const slow = world.isStormy() && host.random.chance(0.1) ? plan.database.slowMs : 1
      const there = start + host.random.between(0.2, 0.2 + slow)
      const say = (what: string) => trace.add(scheduler.now(), host.name, `${fn} ${what}`)
      const fail = (when: number, why: string) =>
        host.resume(Math.min(when, start + GIVES_UP_MS), `an error of ${fn}`, () => {
          say(`→ ${why}`)
          reject(problems.changeUnconfirmed(new Error(why)))
        })
      const carryOut = async (commits: boolean): Promise<Answered> => {
        const answered = await world.call(
          { schema: 'service', fn, args, caller: { role: 'service_role' } },
          commits,
        )
        say(
          `${gist(world, args)} ${'value' in answered ? `= ${gist(world, answered.value)}` : commits ? `! ${JSON.stringify(answered)}` : '(undone)'}`,
        )
        return answered
      }
      const deliver = (answered: Answered) => {
        const back = scheduler.now() + host.random.between(0.2, 0.2 + slow)
        if ('value' in answered) {
          const { value } = answered
          host.resume(back, `the answer of ${fn}`, () => resolve(value as T))
        } else if ('error' in answered) {
          const { error } = answered
          host.resume(back, `the refusal of ${fn}`, () => reject(fromPostgres(error)))
        }
      }
      scheduler.at(there, async () => {
        if (isOut() || fate === 'lost before') {
          fail(scheduler.now() + host.random.pick([1, 1, 500, 30_000]), 'unreachable')
          return
        }
        if (fate === 'ghost') {
          const late = host.random.pick([200, 3_000, 20_000, 70_000])
          fail(scheduler.now() + 1, `gave up, it is carried out ${late / 1000} s later`)
          scheduler.after(late, async () => {
            if (!isOut()) await carryOut(true)
          })
          return
        }
        if (fate === 'undone' || fate === 'dies before commit') {
          await carryOut(false)
          if (fate === 'undone') fail(scheduler.now() + 1, 'the connection broke before the commit')
          else host.crash(`killed before ${fn} committed`)
          return
        }
        const answered = await carryOut(true)
        if (fate === 'dies after commit') host.crash(`killed after ${fn} committed`)
        else if (fate === 'lost after')
          fail(scheduler.now() + host.random.pick([1, 30_000]), 'the answer got lost')
        else deliver(answered)
      })
    })
