import { ACCOUNTS, type SimAccount, type SimPerson } from './database/fixture.ts'
import type { Post } from './database/snapshot.ts'
import type { Truth } from './truth.ts'
import type { World } from './world.ts'

const WORDS = ['tea & cake', 'see example.com', 'naïve café', '<b>', '👩‍👩‍👧', 'plain words']

type Need = { world: World; people: SimPerson[]; truth: Truth; isOut: () => boolean }

/** The people of the workspaces: they write, schedule, change their minds, and settle what nobody else can. */
export const createPeople = ({ world, people, truth, isOut }: Need) => {
  const { plan, scheduler, trace } = world
  const random = world.random.fork('people')
  const accounts = ACCOUNTS.slice(0, plan.accounts)
  let written = 0
  const say = (what: string) => trace.add(scheduler.now(), 'people', what)

  const act = async (account: SimAccount, fn: string, args: Record<string, unknown>) => {
    if (isOut()) return null
    const answered = await world.call({
      schema: 'public',
      fn,
      args,
      caller: { role: 'authenticated', sub: people[account.person]?.id ?? '' },
    })
    const subject = Object.values(args).find((value) => typeof value === 'string') as string
    if (!('error' in answered)) {
      say(`${fn} ${subject ? world.name(subject) : ''} done`)
      return 'value' in answered ? answered.value : null
    }
    const { code, message } = answered.error
    say(`${fn} ${subject ? world.name(subject) : ''} refused: ${message}`)
    if (!/^PT4/.test(code ?? '')) world.fail(`${fn} failed: ${JSON.stringify(answered.error)}`)
    return null
  }

  const instant = (ms: number) => new Date(Math.floor(world.time() + ms)).toISOString()
  const lines = (number: number, segments: number) =>
    Array.from({ length: segments }, (_, index) => `#${number}.${index} ${random.pick(WORDS)}`)

  const write = async (account: SimAccount, isDraft = false) => {
    written += 1
    const twin = random.chance(0.05) ? random.pick(truth.permits)?.segment.text : undefined
    const segments = twin ? [twin] : lines(written, random.chance(0.3) ? random.whole(2, 4) : 1)
    await act(account, 'create_post', {
      p_post: {
        account_id: account.id,
        segments,
        scheduled_at: isDraft ? null : instant(random.between(-30_000, plan.stormMs * 0.8)),
        late_policy: random.pick(['publish', 'hold', 'miss']),
        late_after_seconds: random.pick([1, 20, 120, 3600]),
      },
    })
  }

  const resolve = async (account: SimAccount, post: Post) => {
    const segment = world
      .state()
      .segments.find((each) => each.post === post.id && each.status === 'unconfirmed')
    if (!segment) return
    const accepted = truth.of(post.id, segment.position).find((permit) => permit.accepted)
    await act(account, 'resolve_post', {
      p_post_id: post.id,
      p_remote_id: accepted?.accepted?.remoteId ?? null,
    })
  }

  const change = async (account: SimAccount, post: Post) => {
    const id = { p_post_id: post.id }
    switch (
      random.weighted({
        schedule: 3,
        now: 2,
        cancel: 1.5,
        unschedule: 1,
        edit: 3,
        late: 1,
        resolve: 3,
        resume: 2,
      })
    ) {
      case 'schedule':
        return act(account, 'schedule_post', {
          ...id,
          p_scheduled_at: instant(random.between(-20_000, 60_000)),
        })
      case 'now':
        return act(account, 'publish_post', id)
      case 'cancel':
        return act(account, 'cancel_post', id)
      case 'unschedule':
        return act(account, 'unschedule_post', id)
      case 'edit': {
        const number = /^#\d+/.exec(
          world.state().segments.find((each) => each.post === post.id)?.text ?? '',
        )
        const text = `${number?.[0] ?? '#0'}.0 edited at ${Math.round(scheduler.now())}`
        return act(account, 'update_post', { ...id, p_changes: { segments: [text] } })
      }
      case 'late':
        return act(account, 'update_post', {
          ...id,
          p_changes: {
            late_policy: random.pick(['publish', 'hold', 'miss']),
            late_after_seconds: 30,
          },
        })
      case 'resolve':
        return resolve(account, post)
      case 'resume':
        return act(account, 'resume_post', id)
    }
  }

  const meddle = async (): Promise<void> => {
    const account = random.pick(accounts)
    if (random.chance(0.15)) {
      await write(account, random.chance(0.3))
      return
    }
    if (random.chance(0.15)) {
      const paused = random.chance(0.5)
      await act(account, 'update_account', { p_account_id: account.id, p_changes: { paused } })
      return
    }
    const posts = world
      .state()
      .posts.filter((post) => accounts.some(({ id }) => id === post.account))
    const post = posts.length > 0 ? random.pick(posts) : null
    const owner = accounts.find(({ id }) => id === post?.account)
    if (post && owner) await change(owner, post)
  }

  return {
    /** Everything they will do, at times of the seed's choosing. */
    begin: async () => {
      const early = Math.ceil(plan.posts * 0.6)
      for (let index = 0; index < early; index += 1) await write(random.pick(accounts))
      for (let index = early; index < plan.posts; index += 1) {
        scheduler.after(random.between(0, plan.stormMs), () => write(random.pick(accounts)))
      }
      for (let index = 0; index < plan.people.actions; index += 1) {
        scheduler.after(random.between(0, plan.stormMs), meddle)
      }
    },
  }
}
