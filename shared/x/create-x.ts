import type { Network } from '../networks/network.ts'
import { readAddress } from './address.ts'
import { createFind } from './find.ts'
import { match } from './match.ts'
import { createMedia } from './media.ts'
import { createMetrics } from './metrics.ts'
import { createConnect, createExchange, createRefresh, createRevoke } from './oauth.ts'
import { createMe } from './profile.ts'
import { createPublish, createRemove } from './publish.ts'
import type { XConfig } from './request.ts'
import { createTimeline } from './timeline.ts'
import { validate } from './validate.ts'

export type { XConfig } from './request.ts'

/** X as a `Network`. Holds no state and never retries: what to repeat is decided by who calls. */
export const createX = (config: XConfig): Network => ({
  name: 'x',
  connect: createConnect(config),
  exchange: createExchange(config),
  refresh: createRefresh(config),
  revoke: createRevoke(config),
  me: createMe(config),
  validate,
  publish: createPublish(config),
  media: createMedia(config),
  remove: createRemove(config),
  timeline: createTimeline(config),
  readAddress,
  find: createFind(config),
  match,
  metrics: createMetrics(config),
})
