import { expect, test, vi } from 'vitest'
import type { Network } from '../../../shared/networks/network.ts'
import type { Attempt, AttemptResult, Lane } from '../../../shared/publishing/batches.ts'
import { anchorClock } from '../../../shared/publishing/database-clock.ts'
import { runLane } from '../../../shared/publishing/run-lane.ts'
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
}

/** A lane over a Go that allows what it is asked, and a settle that keeps the order of things. */
const laneOf = async ({
  posts = ['a'],
  segments = 1,
  publish = async () => accepted('1'),
  refresh,
  isAllowed = () => true,
  tokenLifeMs,
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
    token: 1,
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
  const begun = await runLane(worker.deps, lane, {
    network: fakeNetwork({
      publish: (token, segment, options) => {
        story.push(`post ${segment.text}`)
        return publish(token, segment, options)
      },
      ...(refresh ? { refresh } : {}),
    }),
    clock: anchorClock(START, 0, worker.deps.monotonic),
    go: async (postId) => {
      story.push(`go ${postId}`)
      if (!isAllowed(postId)) return null
      return { attempt: next(postId), lease: { leftMs: () => 30_000 } }
    },
    settle: async (result) => {
      story.push(`settle ${result.post_id}${result.position} ${result.outcome}`)
      position.set(result.post_id, result.position + 1)
      settled.push(result)
    },
    spend: () => {},
  })
  return { story, settled, begun, worker }
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

test.each(['refused', 'unknown', 'app_blocked', 'not_sent'] as const)(
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

test('logs each attempt with its outcome, and never a text or a token', async () => {
  const { worker } = await laneOf({})

  expect(worker.logs).toMatchObject([{ message: 'attempt', post_id: 'a', outcome: 'accepted' }])
  expect(JSON.stringify(worker.logs)).not.toMatch(/a0|access-1|refresh-1/)
})
