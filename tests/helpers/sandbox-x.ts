export type Accepted = { id: string; text: string; username: string; reply_to: string | null }

type Fault = {
  match: { username?: string; method?: string; path?: string; text_contains?: string }
  kind: string
  times?: number
  after?: number
  ms?: number
  /** answer: what the client gets. */
  status?: number
  body?: unknown
}

/** The sandbox X's control API: what it truly accepted, and how it shall misbehave. */
export const sandboxX = (url: string) => {
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`)
    return (await response.json()) as T
  }
  return {
    /** Makes a user, or changes what is given of one. */
    newUser: (username: string, profile: { name?: string; subscription_type?: string } = {}) =>
      ask<{ id: string; username: string }>('POST', '/sandbox/users', { username, ...profile }),
    newTokens: (username: string) =>
      ask<{ access_token: string; refresh_token: string; scope: string }>(
        'POST',
        '/sandbox/tokens',
        { username, client_id: 'sandbox-client' },
      ),
    /** In the order of acceptance; deleted ones included. */
    accepted: async (username: string) =>
      (await ask<{ accepted: Accepted[] }>('GET', `/sandbox/accepted?username=${username}`))
        .accepted,
    /** Of every user. */
    acceptedByAll: async () =>
      (await ask<{ accepted: Accepted[] }>('GET', '/sandbox/accepted')).accepted,
    addFault: (fault: Fault) => ask<{ id: string }>('POST', '/sandbox/faults', fault),
    /** How many calls have met each fault that is set. */
    faults: async () =>
      (await ask<{ faults: { id: string; applied: number }[] }>('GET', '/sandbox/faults')).faults,
    clearFaults: () => ask('DELETE', '/sandbox/faults'),
    setLimits: (limits: object) => ask('POST', '/sandbox/limits', limits),
    addApp: (app: { client_id: string; client_secret: string; credits?: number }) =>
      ask('POST', '/sandbox/apps', {
        ...app,
        redirect_uris: ['http://loopback/functions/v1/api/accounts/callback'],
      }),
    /** Posts the app can still pay for; null for without end. */
    setCredits: (client_id: string, remaining: number | null) =>
      ask('POST', '/sandbox/credits', { client_id, remaining }),
    stats: () => ask<{ accepted: number }>('GET', '/sandbox/stats'),
  }
}
