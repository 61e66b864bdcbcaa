import { expect, test, vi } from 'vitest'
import type { Network } from '../../../shared/networks/network.ts'
import type { Attempt, AttemptResult, Lane } from '../../../shared/publishing/batches.ts'
import { anchorClock } from '../../../shared/publishing/database-clock.ts'
import { type LaneTools, runLane } from '../../../shared/publishing/run-lane.ts'
import {
  accepted,
  after,
  attemptOf,
  failure,
  fakeNetwork,
  fakeWorker,
  granted,
  START,
  tokenHolder,
} from '../../helpers/fake-worker.ts'

type Options = {
  posts?: string[]
  /** Segments of each post. */
  segments?: number
  publish?: Network['publish']
  refresh?: Network['refresh']
  isAllowed?: (postId: string) => boolean
  tokenLifeMs?: number
  /** Seconds between the segments of a thread. */
  pause?: number
}

/** A lane over a database that allows what it is asked, and keeps the order of things. */
const laneOf = async ({
  posts = ['a'],
  segments = 1,
  publish = async () => accepted('1'),
  refresh,
  isAllowed = () => true,
  tokenLifeMs,
  pause = 0,
}: Options) => {
  const story: string[] = []
  const settled: AttemptResult[] = []
  const position = new Map<string, number>()
  const worker = fakeWorker({
    lease_token_refresh: (args) => ({ ...holder, leased: args.p_version === 1, version: 1 }),
    save_refreshed_tokens: () => ({ saved: true }),
  })
  const holder = await tokenHolder(tokenLifeMs)
  const lane: Lane = {
    ...holder,
    x_app_id: 'app',
    jobs: posts.map((post_id, index) => ({
      post_id,
      position: 0,
      run_at: after(index * 1_000).toISOString(),
    })),
  }
  const next = (postId: string): Attempt => {
    const at = position.get(postId) ?? 0
    const rest = { post_id: postId, position: at, is_last: at === segments - 1 }
    return attemptOf({ ...rest, text: `${postId}${at}`, reply_to: at === 0 ? null : `${at - 1}` })
  }
  let done: { is_skipped: boolean } | undefined
  const lanes: LaneTools = {
    network: fakeNetwork({
      publish: (token, segment, options) => {
        story.push(`post ${segment.text}`)
        return publish(token, segment, options)
      },
      ...(refresh ? { refresh } : {}),
    }),
    clock: anchorClock(START, 0, worker.deps.monotonic),
    claimId: 'claim',
    claimNumber: 1,
    advance: async (step) => {
      if (step.result) {
        const { result } = step
        story.push(`settle ${result.post_id}${result.position} ${result.outcome}`)
        position.set(result.post_id, result.position + 1)
        settled.push(result)
      }
      done = step.done ?? done
      if (!step.go) return null
      story.push(`go ${step.go.post_id}`)
      if (!isAllowed(step.go.post_id)) return null
      return { attempt: next(step.go.post_id), lease: { leftMs: () => 30_000 } }
    },
    spend: () => {},
    turnstile: (work) => work(),
  }
  await runLane(
    { ...worker.deps, env: { ...worker.deps.env, THREAD_PAUSE_SECONDS: pause } },
    lane,
    lanes,
  )
  return { story, settled, begun: done?.is_skipped === false, worker }
}

test('sends in the order of the queue, each after the one before is settled', async () => {
  const { story, begun } = await laneOf({ posts: ['a', 'b'] })

  expect(story).toEqual([
    'go a',
    'post a0',
    'settle a0 accepted',
    'go b',
    'post b0',
    'settle b0 accepted',
  ])
  expect(begun).toBe(true)
})

test('asks for Go just before the instant, not when it claims', async () => {
  const { worker, settled } = await laneOf({ posts: ['a', 'b', 'c'] })

  expect(settled.map(({ sent_at }) => sent_at)).toEqual(
    [0, 1_000, 2_000].map((ms) => after(ms).toISOString()),
  )
  expect(worker.deps.monotonic()).toBe(2_000)
})

test('commits each segment of a thread before the next is asked for', async () => {
  const { story } = await laneOf({ segments: 3 })

  expect(story).toEqual(
    [0, 1, 2].flatMap((at) => ['go a', `post a${at}`, `settle a${at} accepted`]),
  )
})

test('leaves the rest of a thread to the queue when it has to pause, and goes on with the next post', async () => {
  const { story } = await laneOf({ posts: ['a', 'b'], segments: 2, pause: 5 })

  expect(story.filter((line) => line.startsWith('post'))).toEqual(['post a0', 'post b0'])
})

test.each(['refused', 'unknown'] as const)(
  'stops a thread at a segment that is %s, and goes on with the next post',
  async (kind) => {
    const { story } = await laneOf({
      posts: ['a', 'b'],
      segments: 2,
      publish: async (_token, { text }) => (text === 'a0' ? failure(kind) : accepted('1')),
    })

    expect(story.filter((line) => line.startsWith('post'))).toEqual([
      'post a0',
      'post b0',
      'post b1',
    ])
  },
)

test.each(['app_blocked', 'account_blocked', 'not_sent'] as const)(
  'gives the lane back after a post that is to be sent again, because it was %s',
  async (kind) => {
    const { story, begun } = await laneOf({
      posts: ['a', 'b'],
      publish: async () => failure(kind),
    })

    expect(story).toEqual(['go a', 'post a0', 'settle a0 retry'])
    expect(begun).toBe(true)
  },
)

test('POSTs nothing that Go does not allow any more', async () => {
  const { story } = await laneOf({ posts: ['a', 'b'], isAllowed: (postId) => postId !== 'a' })

  expect(story).toEqual(['go a', 'go b', 'post b0', 'settle b0 accepted'])
})

test('after a 401 it settles, refreshes once and leaves the rest to the next claim', async () => {
  const refresh = vi.fn(async () => granted('2'))
  const { story } = await laneOf({
    posts: ['a', 'b'],
    publish: async () => failure('reauth'),
    refresh,
  })

  expect(story).toEqual(['go a', 'post a0', 'settle a0 retry'])
  expect(refresh).toHaveBeenCalledTimes(1)
})

test('does not begin without a usable token, and says so', async () => {
  const refresh = vi.fn(async () => failure('refused', 'client-refused'))
  const { story, begun } = await laneOf({ tokenLifeMs: 1_000, refresh })

  expect(story).toEqual([])
  expect(begun).toBe(false)
})

test('logs an attempt that X did not take with its outcome, and never a text or a token', async () => {
  const { worker } = await laneOf({ publish: async () => failure('refused', 'duplicate-content') })

  expect(worker.logs).toMatchObject([
    {
      message: 'attempt not accepted',
      post_id: 'a',
      outcome: 'refused',
      slug: 'duplicate-content',
    },
  ])
  expect(JSON.stringify(worker.logs)).not.toMatch(/a0|access-1|refresh-1/)
})
