import { z } from 'zod'
import type { Network } from '../networks/network.ts'
import { call, type XConfig } from './request.ts'

const Me = z.object({
  data: z.object({
    id: z.string(),
    username: z.string(),
    name: z.string().default(''),
    subscription_type: z.string().default('None'),
  }),
})

const longPosts = new Set(['Basic', 'Premium', 'PremiumPlus'])

/** GET /2/users/me. Paying accounts may write 25,000 weighted characters, all others 280. */
export const createMe =
  (config: XConfig): Network['me'] =>
  (accessToken, options) => {
    const request = {
      method: 'GET',
      path: '/2/users/me',
      query: { 'user.fields': 'subscription_type,verified_type' },
      signal: options?.signal,
    } as const
    return call(config, accessToken, request, (body) => {
      const me = Me.safeParse(body)
      if (!me.success) return null
      const { id, username, name, subscription_type } = me.data.data
      const lengthLimit = longPosts.has(subscription_type) ? 25_000 : 280
      return { kind: 'profile', profile: { remoteUserId: id, username, name, lengthLimit } }
    })
  }
