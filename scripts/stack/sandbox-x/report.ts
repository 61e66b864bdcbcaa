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
      .map(({ id, user_id, client_id, text, at, reply_to, deleted }) => {
        const account = world.state.accounts.get(user_id)
        const attempts = account?.tries.get(text)?.attempts ?? 1
        const username = account?.user.username
        return { id, user_id, username, client_id, text, at, reply_to, deleted, attempts }
      }),
  }
}

/** Totals: `distinct_texts` counts pairs of account and text, so `accepted` above it means doubles. */
export const stats = (world: World) => {
  const { accepted, accounts } = world.state
  const texts = new Set(accepted.map((post) => `${post.user_id} ${post.text}`))
  const users = [...accounts.values()].filter(({ posts }) => posts.length > 0)
  return {
    accepted: accepted.length,
    distinct_texts: texts.size,
    per_user: Object.fromEntries(users.map(({ user, posts }) => [user.username, posts.length])),
    requests: Object.fromEntries(world.requests),
  }
}
