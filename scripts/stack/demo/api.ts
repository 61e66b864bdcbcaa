import type { SupabaseClient } from '@supabase/supabase-js'

/** Calls the API as the signed-in person; throws with the problem's own words. */
export const apiOf =
  (client: SupabaseClient, functionsUrl: string) =>
  async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const { data } = await client.auth.getSession()
    const response = await fetch(`${functionsUrl}/api${path}`, {
      method,
      headers: {
        authorization: `Bearer ${data.session?.access_token}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = (await response.json()) as T & { detail?: string }
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${answer.detail}`)
    return answer
  }

export type Api = ReturnType<typeof apiOf>
