export type AcceptedPost = { id: string; text: string; username: string; at: number }
type User = { id: string; username: string }
type Grant = { access_token: string; refresh_token: string; scope: string }

/** The control API of the sandbox X, for many users at once. */
export const controlX = (url: string) => {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) }
    const response = await fetch(`${url}/sandbox/${path}`, init)
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`)
    return (await response.json()) as T
  }
  return {
    newUsers: (names: string[]) =>
      ask<User[]>(
        'POST',
        'users',
        names.map((username) => ({ username })),
      ),
    newTokens: (names: string[]) =>
      ask<Grant[]>(
        'POST',
        'tokens',
        names.map((username) => ({ username })),
      ),
    /** Takes away X's rate limits, so that they are not what is measured. */
    liftLimits: () =>
      ask('POST', 'limits', { posts_per_15_min: 1_000_000, app_per_24_h: 100_000_000 }),
    /** Every post takes X so long; 0 ends that, and whatever else X was told to do. */
    delayPosts: async (ms: number) => {
      await ask('DELETE', 'faults')
      const match = { method: 'POST', path: '/2/tweets' }
      if (ms > 0) await ask('POST', 'faults', { match, kind: 'latency', ms })
    },
    /** X answers no post of this user any more. */
    hangPostsOf: (username: string) =>
      ask('POST', 'faults', {
        match: { method: 'POST', path: '/2/tweets', username },
        kind: 'hang',
      }),
    /** What X truly accepted since an instant (ms), doubles included. */
    acceptedSince: async (since: number) =>
      (await ask<{ accepted: AcceptedPost[] }>('GET', `accepted?since=${Math.floor(since)}`))
        .accepted,
  }
}

export type ControlX = ReturnType<typeof controlX>
