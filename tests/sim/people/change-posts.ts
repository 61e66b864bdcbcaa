import type { SimAccount } from '../database/fixture.ts'
import { mediaOf } from '../database/media.ts'
import type { Post } from '../database/snapshot.ts'
import type { Random } from '../random.ts'
import type { Truth } from '../truth.ts'
import type { World } from '../world.ts'
import type { Acts } from './acts.ts'

const WORDS = ['tea & cake', 'see example.com', 'naïve café', '<b>', '👩‍👩‍👧', 'plain words']

type Need = { world: World; acts: Acts; truth: Truth; random: Random }

/** What people do with their posts. Every segment says in its text whose it is. */
export const createPostChanges = ({ world, acts: { act, serve }, truth, random }: Need) => {
  const { plan, scheduler } = world
  let written = 0
  const said: string[] = []
  const instant = (ms: number) => new Date(Math.floor(world.time() + ms)).toISOString()
  const late = () => ({
    late_policy: random.pick(['publish', 'hold', 'miss']),
    late_after_seconds: random.pick([1, 20, 120, 3600]),
  })

  /** Some pictures come without a word: X takes such a post as often as it is sent. */
  const show = (account: SimAccount, text: string) => {
    if (!random.chance(plan.media)) return { text }
    const own = mediaOf(account.id).map(({ id }) => id)
    const media_ids = random.chance(0.3) ? own : [random.pick(own)]
    return { text: random.chance(0.5) ? '' : text, media_ids }
  }

  const write = async (account: SimAccount, isDraft = false): Promise<void> => {
    written += 1
    const twin = random.chance(plan.twins) ? random.pick(said) : undefined
    const count = random.chance(plan.threads) ? random.whole(2, 4) : 1
    const texts = Array.from(
      { length: count },
      (_, at) => `#${written}.${at} ${random.pick(WORDS)}`,
    )
    if (!twin) said.push(...texts)
    const segments = (twin ? [twin] : texts).map((text) => show(account, text))
    const scheduled_at = isDraft ? null : instant(random.between(-30_000, plan.stormMs * 0.8))
    const post = { account_id: account.id, segments, scheduled_at, ...late() }
    await act(account, 'create_post', { p_post: post })
  }

  /** What X has of it stays as it is; the rest is written anew, with other pictures or with none. */
  const edit = (account: SimAccount, post: Post) => {
    const segments = world.state().segments.filter((segment) => segment.post === post.id)
    const number = segments.map(({ text }) => /^#\d+/.exec(text)?.[0]).find(Boolean) ?? '#0'
    const edited = segments.map(({ status, position, text, media }) => {
      if (status === 'published') return { text, media_ids: media }
      const written = `${number}.${position} edited at ${Math.round(scheduler.now())}`
      return show(account, written)
    })
    const [only, ...rest] = edited
    const isCut = post.status !== 'partially_published' && rest.length > 0 && random.chance(0.5)
    const p_changes = { segments: isCut ? [only] : edited }
    return act(account, 'update_post', { p_post_id: post.id, p_changes })
  }

  /** An honest person: gives the id when X has the post, and says "not there" only when it has not. */
  const resolve = async (account: SimAccount, post: Post) => {
    const segment = world
      .state()
      .segments.find((each) => each.post === post.id && each.status === 'unconfirmed')
    if (!segment) return
    const permits = truth.of(post.id, segment.position)
    const remoteId = permits.find(({ accepted }) => accepted)?.accepted?.remoteId ?? null
    if (remoteId)
      await serve('check_remote_id', { p_post_id: post.id, p_remote_id: remoteId, p_sent_at: null })
    await act(account, 'resolve_post', { p_post_id: post.id, p_remote_id: remoteId })
  }

  const changes: Record<string, (account: SimAccount, post: Post) => Promise<unknown>> = {
    schedule: (account, { id }) =>
      act(account, 'schedule_post', {
        p_post_id: id,
        p_scheduled_at: instant(random.between(-20_000, 60_000)),
      }),
    now: (account, { id }) => act(account, 'publish_post', { p_post_id: id }),
    cancel: (account, { id }) => act(account, 'cancel_post', { p_post_id: id }),
    unschedule: (account, { id }) => act(account, 'unschedule_post', { p_post_id: id }),
    retry: (account, { id }) => act(account, 'retry_post', { p_post_id: id }),
    resume: (account, { id }) => act(account, 'resume_post', { p_post_id: id }),
    drop: (account, { id }) => act(account, 'drop_remainder', { p_post_id: id }),
    unpublish: (account, { id }) => act(account, 'unpublish_post', { p_post_id: id }),
    late: (account, { id }) => act(account, 'update_post', { p_post_id: id, p_changes: late() }),
    edit,
    resolve,
  }
  const weights = {
    schedule: 3,
    now: 2,
    cancel: 1.5,
    unschedule: 1,
    retry: 2,
    resume: 2,
    drop: 0.7,
    unpublish: 0.5,
    late: 1,
    edit: 3,
    resolve: 3,
  }
  return {
    write,
    change: (account: SimAccount, post: Post): Promise<unknown> =>
      changes[random.weighted(plan.people.only ?? weights)]?.(account, post) ?? Promise.resolve(),
  }
}
