import type { World } from './world.ts'

/** What was truly accepted, in order; `?username=` and `?since=` (ms or ISO time) narrow it. */
export const acceptedPosts = (world: World, query: URLSearchParams) => {
  const username = query.get('username')?.toLowerCase()
  const since = query.get('since') ?? '0'
  const from = /^\d+$/.test(since) ? Number(since) : Date.parse(since)
  const posts = username ? (world.state.usernames.get(username)?.posts ?? []) : world.state.accepted
  return {
    accepted: posts
      .filter((post) => post.at >= from)
      .map(({ id, user_id, client_id, text, at, reply_to, deleted, media = [] }) => {
        const account = world.state.accounts.get(user_id)
        const attempts = account?.tries.get(text)?.attempts ?? 1
        const username = account?.user.username
        const shown = media.map((one) => renderKnown(world, one))
        const who = { id, user_id, username, client_id }
        return { ...who, text, media: shown, at, reply_to, deleted, attempts }
      }),
  }
}

const renderKnown = (world: World, id: string) => {
  const media = world.state.media.get(id)
  return { id, media_type: media?.media_type, alt_text: media?.alt_text ?? null }
}

/** Files that were uploaded whole, in order; `?username=` narrows it. */
export const knownMedia = (world: World, query: URLSearchParams) => {
  const user = world.state.usernames.get(query.get('username')?.toLowerCase() ?? '')?.user.id
  const media = [...world.state.media.values()]
  return { media: query.has('username') ? media.filter(({ user_id }) => user_id === user) : media }
}

/** Totals: `distinct_texts` counts pairs of account and text, so `accepted` above it means doubles. */
export const stats = (world: World) => {
  const { accepted, accounts } = world.state
  const texts = new Set(
    accepted.map(({ user_id, text, media = [] }) => `${user_id} ${text} ${media}`),
  )
  const users = [...accounts.values()].filter(({ posts }) => posts.length > 0)
  return {
    accepted: accepted.length,
    distinct_texts: texts.size,
    per_user: Object.fromEntries(users.map(({ user, posts }) => [user.username, posts.length])),
    requests: Object.fromEntries(world.requests),
  }
}
