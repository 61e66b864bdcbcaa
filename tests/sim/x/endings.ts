import { type Answer, json, refusals } from '../../../scripts/stack/sandbox-x/answers.ts'
import { appDayHeaders, rateHeaders } from '../../../scripts/stack/sandbox-x/rate-windows.ts'
import type { Random } from '../random.ts'
import type { Ending } from './fates.ts'

const network = (code: string) =>
  new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })

const window = (seconds: number, nowMs: number) => ({
  limit: 100,
  remaining: 0,
  reset: Math.ceil(nowMs / 1000 + seconds),
  allowed: false,
})

const forbidden = (detail: string) =>
  json(403, { title: 'Forbidden', detail, type: 'about:blank', status: 403 })

/** How a call ends that X does not answer as it should: an answer, an error of fetch, or nothing ever. */
export const endingOf = (
  ending: Ending,
  random: Random,
  nowMs: number,
  owned: string[],
): Answer | Error | null => {
  switch (ending) {
    case 'hangs':
      return null
    case 'reset':
      return network(random.pick(['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE']))
    case 'never left':
      return network(random.pick(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH']))
    case '500':
      return refusals.failed()
    case '503':
      return refusals.unavailable()
    case '302':
      return { status: 302, body: '', headers: { location: 'https://x.com/' } }
    case 'garbage':
      return { status: 201, body: random.pick(['', '<html>', '{"data":{}}', '{"data":{"id":7}}']) }
    case 'the id of another post':
      return owned.length === 0 ? null : json(201, { data: { id: random.pick(owned) } })
    case '401':
      return refusals.unauthorized()
    case '402':
      return refusals.noCredits('sandbox-client')
    case '403':
      return refusals.notPermitted()
    case '403 duplicate':
      return refusals.duplicate()
    case '403 reply':
      return refusals.foreignReply()
    case '403 suspended':
      return forbidden('Your account is suspended and is not permitted to access this feature.')
    case '403 daily limit':
      return forbidden('User is over daily status update limit.')
    case '403 spending limit':
      return forbidden('The spend cap of this billing cycle was reached.')
    case '404 media':
      return refusals.unknownMedia('1')
    case '400':
      return json(400, { title: 'Invalid Request', detail: 'Invalid URL.', type: 'about:blank' })
    case '400 grant':
      return json(400, {
        error: 'invalid_request',
        error_description: 'Value passed for the token was invalid.',
      })
    case '429 bare':
      return refusals.rateLimited({})
    case '429 with a reset':
      return refusals.rateLimited(rateHeaders(window(random.between(1, 60), nowMs)))
    case '429 of the app':
      return refusals.rateLimited(appDayHeaders(window(random.between(5, 90), nowMs)))
    case '429 with nonsense':
      return refusals.rateLimited({
        'x-rate-limit-limit': 'many',
        'x-rate-limit-remaining': '0',
        'x-rate-limit-reset': random.pick(['soon', '0', '99999999999999999999']),
      })
  }
}
