import type { Permissions } from './authorize.ts'
import { type Channel, type Link, shutDown } from './channel.ts'
import type { Claims } from './claims.ts'
import type { Hub } from './hub.ts'
import type { JoinConfig } from './join-payload.ts'
import { refusal, sentenceOf } from './refusal.ts'

const EVERYTHING: Permissions = {
  broadcast: { read: true, write: true },
  presence: { read: true, write: true },
}
const LONGEST_WAIT_MS = 3_600_000

/** The token that counts: the client's own, or the connection's API key. */
export const tokenFor = (given: string | null, link: Link) =>
  given === null || given.startsWith('sb_') ? link.apiKey : given

/** Reads a token's permissions on a topic; throws a refusal unless it may read something. */
export const permit = async (hub: Hub, config: JoinConfig, topic: string, claims: Claims) => {
  if (!config.isPrivate) return EVERYTHING
  const permissions = await hub.authorize(claims, topic)
  const { broadcast, presence } = permissions
  if (broadcast.read || (config.presenceEnabled && presence.read)) return permissions
  const sentence = `You do not have permissions to read from this Channel topic: ${topic}`
  throw refusal('Unauthorized', sentence)
}

/** Ends the channel when its token expires. */
export const watchExpiry = (hub: Hub, channel: Channel, claims: Claims) => {
  clearTimeout(channel.expiry)
  if (channel.hasLeft || claims.exp === Number.POSITIVE_INFINITY) return
  const wait = Math.min(claims.exp * 1000 - Date.now(), LONGEST_WAIT_MS)
  const check = () =>
    hub.readClaims(channel.token).then(
      (fresh) => watchExpiry(hub, channel, fresh),
      (error) => shutDown(hub, channel, sentenceOf(error)),
    )
  channel.expiry = setTimeout(check, Math.max(wait, 0))
}

const losesReading = (before: Permissions, after: Permissions) =>
  (before.broadcast.read && !after.broadcast.read) || (before.presence.read && !after.presence.read)

/** Takes a new access token; one that may no longer read what the old one read ends the channel. */
export const refreshToken = async (hub: Hub, channel: Channel, payload: unknown) => {
  const token = (payload as { access_token?: unknown } | null)?.access_token
  if (typeof token !== 'string' || token.startsWith('sb_') || token === channel.token) return
  try {
    const claims = await hub.readClaims(token)
    const permissions = await permit(hub, channel.config, channel.topic, claims)
    if (losesReading(channel.permissions, permissions)) {
      const sentence = `You no longer have permission to read from this Channel topic: ${channel.topic}`
      throw refusal('Unauthorized', sentence)
    }
    Object.assign(channel, { token, permissions })
    watchExpiry(hub, channel, claims)
  } catch (error) {
    shutDown(hub, channel, sentenceOf(error))
  }
}
