import type { Network } from '../networks/network.ts'

const hosts = /^(www\.|mobile\.|m\.)?(x|twitter)\.com$/
const path = /^\/(?:i\/web|(\w{1,15}))\/status(?:es)?\/(\d{1,19})(?:\/|$)/
const bareId = /^\d{1,19}$/

/** Milliseconds before X's ids begin. */
const epoch = 1_288_834_974_657
/** Ids have carried their time since November 2010; smaller ones are older. */
const firstTimed = 29_700_859_247n

const createdAt = (remoteId: string): Date | null => {
  const id = BigInt(remoteId)
  return id < firstTimed ? null : new Date(Number(id >> 22n) + epoch)
}

/**
 * The post an address of X leads to, or a bare id names: `https://x.com/<user>/status/<id>`, with
 * twitter.com, www., mobile., `/i/status`, `/photo/1` or a query, too. Null for anything else.
 */
export const readAddress: Network['readAddress'] = (address) => {
  const text = address.trim()
  if (bareId.test(text)) return { remoteId: text, username: null, createdAt: createdAt(text) }
  const url = URL.parse(/^https?:\/\//i.test(text) ? text : `https://${text}`)
  const [, username, remoteId] = (url && hosts.test(url.hostname) && path.exec(url.pathname)) || []
  if (remoteId === undefined) return null
  return {
    remoteId,
    username: username === undefined || username === 'i' ? null : username,
    createdAt: createdAt(remoteId),
  }
}
