import type { IncomingMessage, ServerResponse } from 'node:http'

const METHODS = 'GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS'
const EXPOSED =
  'Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit, X-Total-Count, Link, X-Supabase-Api-Version'

/** What every answer of Auth and REST carries: the platform lets any origin call them. */
export const OPEN_CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': EXPOSED,
}

/** Answers a CORS preflight of Auth or REST; false when the request is none. */
export const answerPreflight = (req: IncomingMessage, res: ServerResponse) => {
  if (req.method !== 'OPTIONS' || !req.headers['access-control-request-method']) return false
  const wanted =
    req.headers['access-control-request-headers'] ?? 'authorization, apikey, content-type'
  res.writeHead(200, {
    ...OPEN_CORS,
    'access-control-allow-methods': METHODS,
    'access-control-allow-headers': wanted,
    'access-control-max-age': '3600',
    'content-length': '0',
  })
  res.end()
  return true
}
