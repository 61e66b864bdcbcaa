import { Hono } from 'hono'
import { sha256 } from '../../shared/crypto/sha256.ts'
import type { Deps } from '../../shared/deps.ts'
import { problems } from '../../shared/http/problems.ts'
import type { Arrival } from '../../shared/inbound/receipt.ts'
import { identify } from '../../shared/x/inbound.ts'
import { answerChallenge, isSigned } from '../../shared/x/inbound-signature.ts'
import { readBytes, textOf } from './read-bytes.ts'

type Receive = (arrival: Arrival) => Promise<void>

const secretsOf = ({ env }: Pick<Deps, 'env'>): [string, ...string[]] => {
  const [newest, ...older] = env.X_CONSUMER_SECRET
  if (!newest) throw problems.inboundUnconfigured('X_CONSUMER_SECRET')
  return [newest, ...older]
}

/** An event in a format we do not know is known by its bytes. */
const arrivalOf = async (body: string): Promise<Arrival> => {
  const { eventId, type } = identify(body) ?? {
    eventId: `sha256:${await sha256(body)}`,
    type: 'unknown',
  }
  return { provider: 'x', event_id: eventId, type, body }
}

/** `GET /x?crc_token=` proves to X that we hold the consumer secret; `POST /x` takes its events. */
export const x = (deps: Pick<Deps, 'env'>, receive: Receive) =>
  new Hono()
    .get('/', async (c) => {
      const token = c.req.query('crc_token')
      const [newest] = secretsOf(deps)
      if (!token) {
        throw problems.invalid([
          { pointer: '/crc_token', in: 'query', detail: 'crc_token is missing.' },
        ])
      }
      return c.json({ response_token: await answerChallenge(newest, token) })
    })
    .post('/', async (c) => {
      const secrets = secretsOf(deps)
      const bytes = await readBytes(c.req.raw)
      const signature = c.req.header('x-twitter-webhooks-signature')
      if (!(await isSigned(secrets, bytes, signature))) throw problems.signatureInvalid('X')
      await receive(await arrivalOf(textOf(bytes)))
      return c.json({ status: 'received' })
    })
