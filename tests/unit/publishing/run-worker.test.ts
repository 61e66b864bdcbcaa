import { expect, test, vi } from 'vitest'
import type { Network } from '../../../shared/networks/network.ts'
import type { Isolate } from '../../../shared/publishing/cpu-plan.ts'
import { runWorker } from '../../../shared/publishing/run-worker.ts'
import {
  accepted,
  attemptOf,
  failure,
  fakeNetwork,
  fakeWorker,
  START,
  tokenHolder,
} from '../../helpers/fake-worker.ts'
import { barrier } from '../../helpers/race.ts'

type Args = Record<string, unknown>
type Database = Record<string, (args: Args) => unknown>

const lane = async (name: string, posts: string[] = [`post-${name}`], rest: object = {}) => ({
  ...(await tokenHolder()),
  x_app_id: 'app',
  jobs: posts.map((post_id) => ({ post_id, position: 0, run_at: START.toISOString() })),
  ...rest,
})

type Asked = { post_id: string }[]

/** A database that allows what it is asked to send. */
const allowing =
  (rest: (postId: string) => object = () => ({})) =>
  ({ p_go }: Args) => ({
    now: START.toISOString(),
    lease_ms: 30_000,
    attempts: (p_go as Asked).map(({ post_id }) => attemptOf({ post_id, ...rest(post_id) })),
  })

/** A worker over a database that hands out these lanes once and allows what is asked. */
const start = async (
  lanes: object[],
  {
    publish = async () => accepted('1'),
    database = {} as Database,
    isolate = { startedAt: 0, cpuMs: 0, planned: 0 } as Isolate,
  } = {},
) => {
  const batches = [lanes]
  const worker = fakeWorker({
    claim_jobs: () => ({
      now: worker.deps.now().toISOString(),
      lease_ms: 15_000,
      lanes: batches.shift() ?? [],
    }),
    advance: allowing(),
    leave_worker: () => 0,
    ...database,
  })
  const spy = vi.fn<Network['publish']>(publish)
  await (await runWorker(worker.deps, fakeNetwork({ publish: spy }), isolate)).drained
  const steps = worker.callsOf('advance')
  const all = <T>(name: string) => steps.flatMap((args) => args[name] as T[])
  const done = all<{ account_id: string; is_skipped: boolean }>('p_release')
  const namesOf = (skipped: boolean) =>
    done.filter(({ is_skipped }) => is_skipped === skipped).map(({ account_id }) => account_id)
  return {
    worker,
    posted: spy,
    isolate,
    results: all<{ post_id: string; outcome: string }>('p_results'),
    released: namesOf(false),
    skipped: namesOf(true),
  }
}

test('sends what it claims once, settles it and gives the lanes back', async () => {
  const { posted, results, released, isolate } = await start([await lane('a', ['1', '2'])])

  expect(posted).toHaveBeenCalledTimes(2)
  expect(results.map(({ post_id, outcome }) => [post_id, outcome])).toEqual([
    ['1', 'accepted'],
    ['2', 'accepted'],
  ])
  expect(released).toEqual(['account'])
  expect(isolate.planned).toBe(0)
})

test('repeats a lost claim, a lost Go and a lost settle under the same ids, and POSTs once', async () => {
  const one = await lane('a')
  const calls: Record<string, Args[]> = { claim_jobs: [], go: [], settle: [] }
  /** The first answer of each kind is lost. */
  const losing = (kind: string, args: Args) => {
    calls[kind]?.push(args)
    if (calls[kind]?.length === 1) throw new Error('the answer was lost')
  }
  let handedOut = false
  const { posted } = await start([], {
    database: {
      claim_jobs: (args) => {
        losing('claim_jobs', args)
        const lanes = handedOut ? [] : [one]
        handedOut = true
        return { now: START.toISOString(), lease_ms: 15_000, lanes }
      },
      advance: (args) => {
        losing((args.p_go as Asked).length > 0 ? 'go' : 'settle', args)
        return allowing()(args)
      },
    },
  })

  expect(posted).toHaveBeenCalledTimes(1)
  for (const [kind, id] of [
    ['claim_jobs', 'p_claim_id'],
    ['go', 'p_go_id'],
    ['settle', 'p_results'],
  ] as const) {
    const [first, second] = calls[kind] ?? []
    expect(second?.[id]).toEqual(first?.[id])
  }
})

test('a report that is refused keeps no Go of its call from being given', async () => {
  const { posted } = await start([await lane('a', ['1', '2'])], {
    database: {
      advance: (args) => {
        if ((args.p_results as unknown[]).length > 0) throw new Error('a bad result')
        return allowing()(args)
      },
    },
  })

  expect(posted).toHaveBeenCalledTimes(2)
})

test('reports as not sent what Go allowed too late, instead of leaving it in doubt', async () => {
  let calls = 0
  const { posted, results } = await start([await lane('a')], {
    database: {
      advance: (args) => {
        calls += 1
        if (calls < 9) throw new Error('the database is away')
        return allowing()(args)
      },
    },
  })

  expect(posted).not.toHaveBeenCalled()
  expect(results).toMatchObject([{ outcome: 'retry', error: { slug: 'lease-too-short' } }])
})

test('gives a lane that cannot begin back as skipped, so that nobody spins on it', async () => {
  const unreadable = await lane('a', ['1'], { account_id: 'other' })

  const { posted, skipped, released } = await start([unreadable, await lane('b')])

  expect(posted).toHaveBeenCalledTimes(1)
  expect(skipped).toEqual(['other'])
  expect(released).toEqual(['account'])
})

test('brings what is under way to its end when the database stops answering claims', async () => {
  let claims = 0
  const one = await lane('a')
  const { worker, results } = await start([], {
    database: {
      claim_jobs: () => {
        claims += 1
        if (claims > 1) throw new Error('the database is away')
        return { now: START.toISOString(), lease_ms: 15_000, lanes: [one] }
      },
    },
  })

  expect(results).toMatchObject([{ outcome: 'accepted' }])
  expect(worker.callsOf('leave_worker')).not.toHaveLength(0)
})

test('one lane that fails costs no other lane anything', async () => {
  const { results, worker } = await start(
    [await lane('a', ['broken']), await lane('b', ['fine'])],
    {
      database: {
        advance: allowing((post_id) => ({ text: post_id })),
      },
      publish: (async (_token: string, { text }: { text: string }) => {
        if (text === 'broken') throw new Error('a fault of ours')
        return accepted('1')
      }) as () => Promise<ReturnType<typeof accepted>>,
    },
  )

  expect(results).toMatchObject([{ post_id: 'fine', outcome: 'accepted' }])
  expect(worker.logs).toContainEqual(expect.objectContaining({ message: 'lane failed' }))
})

test('rings a successor when work is left, and none when there is none', async () => {
  const rung = async (missing: number) =>
    (await start([], { database: { leave_worker: () => missing } })).worker.callsOf('ring_publish')
      .length

  expect(await rung(0)).toBe(0)
  expect(await rung(2)).toBe(1)
})

test('takes no new batch once half of its life is over, but at least one', async () => {
  const worker = fakeWorker({
    claim_jobs: () => ({ now: START.toISOString(), lease_ms: 15_000, lanes: [] }),
    leave_worker: () => 0,
  })
  worker.advance(75_000)

  const isolate = { startedAt: 0, cpuMs: 0, planned: 0 }
  await (await runWorker(worker.deps, fakeNetwork({}), isolate)).drained

  expect(worker.callsOf('claim_jobs')).toHaveLength(1)
})

/** A ring of an isolate that has planned far more than it may spend; `perSecond` of it begin. */
const ringWithPlan = async (planned: number, perSecond: number) => {
  const isolate = { startedAt: 0, cpuMs: 0, planned }
  const claims: { atMs: number; planned: number; ahead: unknown }[] = []
  const worker = fakeWorker({
    claim_jobs: ({ p_ahead }) => {
      const atMs = worker.deps.monotonic()
      claims.push({ atMs, planned: isolate.planned, ahead: p_ahead })
      return { now: START.toISOString(), lease_ms: 15_000, lanes: [] }
    },
    leave_worker: () => 0,
  })
  const sleep = async (ms: number) => {
    worker.advance(ms)
    const begun = (perSecond * ms) / 1_000
    isolate.planned -= begun
    isolate.cpuMs += begun * 0.5
  }
  await (await runWorker({ ...worker.deps, sleep }, fakeNetwork({}), isolate)).drained
  return claims
}

test('rings pile nothing up in an isolate: it takes more when most of what it holds has begun', async () => {
  const [first] = await ringWithPlan(3_000, 3_000)
  expect(first?.planned).toBeLessThanOrEqual(600)
  expect(first).toMatchObject({ atMs: 800, ahead: '5000 ms' })
})

test('what an isolate holds keeps a post that is due waiting for a second at most, and nothing ahead is added', async () => {
  expect((await ringWithPlan(3_000, 0))[0]).toMatchObject({ atMs: 1_000, ahead: '0 ms' })
})

test('an isolate that has CPU left takes at once, whatever it holds', async () => {
  expect((await ringWithPlan(1_900, 0))[0]?.atMs).toBe(0)
})

test('a worker that fails says no more that it lives, so that its lanes are freed', async () => {
  const worker = fakeWorker({ claim_jobs: () => ({ now: START.toISOString(), lease_ms: 15_000 }) })
  const stop = vi.fn()
  const deps = { ...worker.deps, every: () => stop }
  const isolate = { startedAt: 0, cpuMs: 0, planned: 0 }

  await expect(runWorker(deps, fakeNetwork({}), isolate)).rejects.toThrow(TypeError)

  expect(stop).toHaveBeenCalledTimes(1)
})

test('settles an unknown outcome as unknown: it never sends twice by itself', async () => {
  const { posted, results } = await start([await lane('a')], {
    publish: (async () => failure('unknown')) as never,
  })

  expect(posted).toHaveBeenCalledTimes(1)
  expect(results).toMatchObject([{ outcome: 'unknown' }])
})

test('rings for lanes that come back while it drains', async () => {
  const first = await lane('a')
  const missing = [0, 1]
  const { worker } = await start([first], {
    database: { leave_worker: () => missing.shift() ?? 0 },
    isolate: { startedAt: 0, cpuMs: 0, planned: 10_000 },
  })

  expect(worker.callsOf('ring_publish')).toHaveLength(1)
})

test('hundreds of accounts are under way at once, and one that hangs holds up no other', async () => {
  const names = Array.from({ length: 400 }, (_, index) => `${index}`)
  const lanes = await Promise.all(names.map((name) => lane(name)))
  const crowd = barrier(300)
  const others = barrier(names.length)
  const { results } = await start(lanes, {
    database: { advance: allowing((post_id) => ({ text: post_id })) },
    publish: (async (_token: string, { text }: { text: string }) => {
      // Nobody is answered before hundreds have asked, and this one not before all others were.
      await crowd()
      const isOver = others()
      if (text === 'post-0') await isOver
      return accepted(text)
    }) as never,
  })

  expect(results).toHaveLength(400)
  expect(results.at(-1)?.post_id).toBe('post-0')
})
