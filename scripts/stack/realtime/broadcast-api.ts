import type { Authorize } from './authorize.ts'
import { decodeName, type Outgoing, readBatch, readOne } from './broadcast-request.ts'
import type { Claims, ClaimsReader } from './claims.ts'
import { fanOut, type Hub } from './hub.ts'
import { sentenceOf } from './refusal.ts'

const MAX_BODY_BYTES = 3 * 1024 * 1024

const answer = (status: number, body: unknown) => Response.json(body, { status })
const accepted = () => new Response(null, { status: 202 })

/** The caller's claims: its bearer token if it has one, else its API key; null when neither holds. */
const readCaller = async (readClaims: ClaimsReader, headers: Headers): Promise<Claims | null> => {
  const bearer = headers.get('authorization')?.replace(/^bearer /i, '')
  const token = bearer && !bearer.startsWith('sb_') ? bearer : headers.get('apikey')
  return readClaims(token ?? '').catch(() => null)
}

const mayWrite = async (authorize: Authorize, claims: Claims, message: Outgoing) =>
  !message.isPrivate || (await authorize(claims, message.topic)).broadcast.write

const sendPermitted = async (hub: Hub, claims: Claims, messages: Outgoing[]) => {
  for (const message of messages) {
    const { broadcast, ...to } = message
    if (await mayWrite(hub.authorize, claims, message)) fanOut(hub, to, broadcast)
  }
}

/**
 * Serves the HTTP side: `POST /api/broadcast` with a batch, and `POST
 * /api/broadcast/:topic/events/:event`. 202 when taken (a private message the caller may not write
 * vanishes, as on hosted), 401, 413, 422; nothing is kept: `persist` is refused.
 */
export const createBroadcastApi = (hub: Hub) => async (request: Request) => {
  const path = /\/api\/broadcast(?:\/([^/]+)\/events\/([^/]+))?\/?$/.exec(
    new URL(request.url).pathname,
  )
  if (!path || request.method !== 'POST') return answer(404, { error: 'Not found' })
  const claims = await readCaller(hub.readClaims, request.headers)
  if (!claims) return answer(401, { error: 'Unauthorized' })
  if (Number(request.headers.get('content-length')) > MAX_BODY_BYTES) {
    return answer(413, { error: 'Payload too large' })
  }
  const [topic, event] = [decodeName(path[1]), decodeName(path[2])]
  const isOne = path[1] !== undefined
  const messages = isOne ? await readOne(request, topic, event) : await readBatch(request)
  if (!messages) return answer(422, { error: 'Invalid broadcast' })
  try {
    await sendPermitted(hub, claims, messages)
    return accepted()
  } catch (error) {
    return answer(503, { error: sentenceOf(error) })
  }
}
