import { type Answer, json, notFound, notYourField, refusals } from './answers.ts'
import { asUser, type Call } from './call.ts'
import { type Media, renderMedia } from './media-state.ts'
import { readFields, renderPost } from './render-post.ts'
import type { Account, Post } from './state.ts'
import type { World } from './world.ts'

const mediaOf = (world: World, { media = [] }: Post): Media[] =>
  media.flatMap((id) => world.state.media.get(id) ?? [])

/** Media of the posts answered with, when the expansion was asked for. */
const includesOf = (world: World, query: URLSearchParams, posts: Post[]) => {
  const asked = (query.get('expansions') ?? '').split(',').includes('attachments.media_keys')
  const media = asked ? posts.flatMap((post) => mediaOf(world, post)) : []
  return media.length > 0 ? { includes: { media: media.map(renderMedia) } } : {}
}

const privateFields = ['non_public_metrics', 'organic_metrics']
const privateFor = 30 * 24 * 60 * 60 * 1_000

/** GET /2/tweets?ids= */
export const lookupPosts = (world: World, call: Call): Answer =>
  asUser(world, call, 'lookups', ({ account }) => {
    const query = new URLSearchParams(call.search)
    const ids = (query.get('ids') ?? '').split(',').filter(Boolean)
    if (ids.length < 1 || ids.length > 100) {
      return refusals.invalid('ids', `size must be between 1 and 100, but was ${ids.length}`)
    }
    const fields = readFields(query)
    const asked = privateFields.filter((name) => fields.names.has(name))
    const data: unknown[] = []
    const shown: Post[] = []
    const errors: unknown[] = []
    for (const id of ids) {
      const post = world.state.posts.get(id)
      const author = post && world.state.accounts.get(post.user_id)
      if (!post || post.deleted || !author) errors.push(notFound(id))
      else if (asked.length > 0 && !mayReadPrivate(post, account, world.now())) {
        errors.push(...asked.map((name) => notYourField(id, name)))
      } else {
        shown.push(post)
        data.push(renderPost(post, author, fields, world.now(), mediaOf(world, post)))
      }
    }
    return json(200, {
      ...(data.length > 0 ? { data } : {}),
      ...includesOf(world, query, shown),
      ...(errors.length > 0 ? { errors } : {}),
    })
  })

const mayReadPrivate = (post: Post, account: Account, now: number) =>
  post.user_id === account.user.id && now - post.at < privateFor

type Page = { size: number; since: string; until: string; start: number; end: number }

const instant = (text: string | null, absent: number) => (text === null ? absent : Date.parse(text))

const readPage = (query: URLSearchParams): Page | Answer => {
  const size = Number(query.get('max_results') ?? 10)
  if (!Number.isInteger(size) || size < 5 || size > 100) {
    return refusals.invalid('max_results', `must be between 5 and 100, but was ${size}`)
  }
  const start = instant(query.get('start_time'), Number.NEGATIVE_INFINITY)
  const end = instant(query.get('end_time'), Number.POSITIVE_INFINITY)
  if (Number.isNaN(start)) return refusals.invalid('start_time', 'must be an ISO 8601 time')
  if (Number.isNaN(end)) return refusals.invalid('end_time', 'must be an ISO 8601 time')
  const until = query.get('pagination_token') ?? query.get('until_id') ?? '9'.repeat(19)
  return { size, since: query.get('since_id') ?? '0', until, start, end }
}

const select = (posts: Post[], page: Page): { found: Post[]; more: boolean } => {
  const found: Post[] = []
  const newest = posts.slice(-3_200)
  for (let index = newest.length - 1; index >= 0; index -= 1) {
    const post = newest[index]
    if (!post || post.deleted || post.at >= page.end || BigInt(post.id) >= BigInt(page.until))
      continue
    if (post.at < page.start || BigInt(post.id) <= BigInt(page.since)) break
    if (found.length === page.size) return { found, more: true }
    found.push(post)
  }
  return { found, more: false }
}

/** GET /2/users/:id/tweets, newest first. */
export const timeline = (world: World, call: Call): Answer =>
  asUser(world, call, 'timelines', () => {
    const author = world.state.accounts.get(call.id)
    if (!author) return json(200, { errors: [{ ...notFound(call.id), resource_type: 'user' }] })
    const query = new URLSearchParams(call.search)
    const page = readPage(query)
    if ('status' in page) return page
    const { found, more } = select(author.posts, page)
    const fields = readFields(query)
    const last = found.at(-1)?.id
    return json(200, {
      ...(found.length > 0
        ? {
            data: found.map((post) =>
              renderPost(post, author, fields, world.now(), mediaOf(world, post)),
            ),
          }
        : {}),
      ...includesOf(world, query, found),
      meta: {
        result_count: found.length,
        ...(found.length > 0 ? { newest_id: found[0]?.id, oldest_id: last } : {}),
        ...(more ? { next_token: last } : {}),
      },
    })
  })

/** GET /2/users/me */
export const me = (world: World, call: Call): Answer =>
  asUser(world, call, 'me', ({ account: { user } }) => {
    const names = (new URLSearchParams(call.search).get('user.fields') ?? '').split(',')
    const { id, name, username } = user
    const asked = Object.entries(user).filter(([field]) => names.includes(field))
    return json(200, { data: { id, name, username, ...Object.fromEntries(asked) } })
  })
