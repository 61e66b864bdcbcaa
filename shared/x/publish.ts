import { z } from 'zod'
import type { Network } from '../networks/network.ts'
import { call, type XConfig } from './request.ts'

const Created = z.object({ data: z.object({ id: z.string().regex(/^\d{1,19}$/) }) })

/** POST /2/tweets, once. A 2xx that carries no id is `unknown`: something was probably published. */
export const createPublish =
  (config: XConfig): Network['publish'] =>
  (accessToken, segment, options) => {
    const body = {
      text: segment.text,
      ...(segment.mediaIds?.length ? { media: { media_ids: segment.mediaIds } } : {}),
      ...(segment.replyTo ? { reply: { in_reply_to_tweet_id: segment.replyTo } } : {}),
    }
    const request = { method: 'POST', path: '/2/tweets', body, signal: options?.signal } as const
    return call(config, accessToken, request, (answer) => {
      const created = Created.safeParse(answer)
      return created.success ? { kind: 'accepted', remoteId: created.data.data.id } : null
    })
  }

/** DELETE /2/tweets/:id. X answers 404 for a post that is already gone. */
export const createRemove =
  (config: XConfig): Network['remove'] =>
  async (accessToken, remoteId, options) => {
    const path = `/2/tweets/${encodeURIComponent(remoteId)}`
    const request = { method: 'DELETE', path, signal: options?.signal } as const
    const result = await call(config, accessToken, request, () => ({ kind: 'removed' as const }))
    const gone = result.kind === 'refused' && result.slug === 'not-found'
    return gone ? { kind: 'removed', rates: result.rates } : result
  }
