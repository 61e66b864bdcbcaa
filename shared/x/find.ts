import type { Network } from '../networks/network.ts'
import { call, type XConfig } from './request.ts'
import { itemFields, toItem } from './timeline-item.ts'
import { readPosts } from './vocabulary.ts'

/** GET /2/tweets?ids= for one post. X answers 200 and names in `errors` what it does not show. */
export const createFind =
  (config: XConfig): Network['find'] =>
  (accessToken, remoteId, options) => {
    const query = { ids: remoteId, ...itemFields }
    const request = { method: 'GET', path: '/2/tweets', query, signal: options?.signal } as const
    return call(config, accessToken, request, (body) => {
      const posts = readPosts(body)
      const [item] = posts?.data.flatMap((post) => toItem(post, posts.includes.media)) ?? []
      if (item?.remoteId === remoteId) return { kind: 'found', item }
      const isMissing = posts?.errors.some(
        (error) => (error.resource_id ?? error.value) === remoteId,
      )
      return isMissing ? { kind: 'missing' } : null
    })
  }
