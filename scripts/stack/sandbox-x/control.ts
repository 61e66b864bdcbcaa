import { z } from 'zod'
import { createRules, withdrawConsent } from './activity.ts'
import { type Answer, json } from './answers.ts'
import { SANDBOX_CONSUMER_SECRET } from './app-secrets.ts'
import type { Call } from './call.ts'
import { controlSchemas as schemas } from './control-schemas.ts'
import { rulesFor } from './media-state.ts'
import { acceptedPosts, knownMedia, stats } from './report.ts'
import { createState } from './state.ts'
import { issue, tokenBody } from './tokens.ts'
import type { World } from './world.ts'

const fail = (status: number, detail: string) => json(status, { error: detail })

const accountOf = (world: World, username: string) => {
  const account = world.state.usernames.get(username.toLowerCase())
  if (!account)
    throw new Error(`The sandbox has no user ${username}; POST /sandbox/users makes one.`)
  return account
}

const appOf = (world: World, clientId: string) => {
  const app = world.state.apps.get(clientId)
  if (!app) throw new Error(`The sandbox has no app ${clientId}; POST /sandbox/apps makes one.`)
  return app
}

const addUser = (world: World, input: z.infer<typeof schemas.user>) => {
  const known = world.state.usernames.get(input.username.toLowerCase())
  const user = {
    ...input,
    id: known?.user.id ?? world.nextId(),
    name: input.name ?? input.username,
  }
  if (known) Object.assign(known.user, user)
  else world.record({ t: 'user', user })
  return user
}

const addToken = (world: World, input: z.infer<typeof schemas.token>) => {
  const { user } = accountOf(world, input.username)
  const { client_id } = appOf(world, input.client_id)
  const grant = issue(world, { client_id, user_id: user.id, scope: input.scope }, null)
  return { ...tokenBody(grant), user_id: user.id, username: user.username }
}

const reset = (world: World) => {
  Object.assign(world.state, createState())
  world.journal.clear()
  Object.assign(world.delivery, createRules(SANDBOX_CONSUMER_SECRET))
  world.sent.length = 0
  const { faults, windows, codes, requests, uploads, mediaRules } = world
  for (const part of [faults, windows, codes, requests, uploads, mediaRules]) part.clear()
  return {}
}

type Verb = (world: World, body: unknown) => unknown

/** One object or a list of them; the answer has the same form. */
const each =
  <T>(schema: z.ZodType<T>, one: (world: World, input: T) => unknown): Verb =>
  (world, body) =>
    Array.isArray(body)
      ? z
          .array(schema)
          .parse(body)
          .map((input) => one(world, input))
      : one(world, schema.parse(body))

const verbs: Record<string, Verb> = {
  apps: each(schemas.app, (world, app) => {
    world.record({ t: 'app', app })
    return app
  }),
  users: each(schemas.user, addUser),
  tokens: each(schemas.token, addToken),
  faults: each(schemas.fault, (world, fault) => ({ id: world.faults.add(fault).id })),
  limits: (world, body) => {
    world.record({ t: 'limits', limits: schemas.limits.parse(body) })
    world.windows.clear()
    return world.state.limits
  },
  credits: (world, body) => {
    const input = schemas.credits.parse(body)
    world.record({ t: 'credits', ...input, client_id: appOf(world, input.client_id).client_id })
    return input
  },
  media: (world, body) => {
    const { username, ...changes } = schemas.media.parse(body)
    const rules = { ...rulesFor(world, username), ...changes }
    world.mediaRules.set(username.toLowerCase(), rules)
    return rules
  },
  clock: (world, body) => {
    world.record({ t: 'clock', ...schemas.clock.parse(body) })
    return { now: new Date(world.now()).toISOString() }
  },
  metrics: (world, body) => {
    const { username, factor } = schemas.metrics.parse(body)
    world.record({ t: 'metrics', user_id: accountOf(world, username).user.id, factor })
    return { username, factor }
  },
  deliveries: (world, body) => Object.assign(world.delivery, schemas.deliveries.parse(body)),
  consent: (world, body) => {
    const { username } = schemas.consent.parse(body)
    withdrawConsent(world, accountOf(world, username).user.id)
    return { username }
  },
  reset,
}

const read = (world: World, name: string, search: string): Answer | null => {
  if (name === 'accepted') return json(200, acceptedPosts(world, new URLSearchParams(search)))
  if (name === 'media') return json(200, knownMedia(world, new URLSearchParams(search)))
  if (name === 'stats') return json(200, stats(world))
  if (name === 'faults') return json(200, { faults: world.faults.list() })
  if (name === 'deliveries') return json(200, { deliveries: world.sent, rules: world.delivery })
  if (name === 'users') {
    return json(200, { users: [...world.state.accounts.values()].map(({ user }) => user) })
  }
  return null
}

const removeFaults = (world: World, id: string | undefined): Answer => {
  if (id === undefined) world.faults.clear()
  else if (!world.faults.remove(id)) return fail(404, `There is no fault ${id}.`)
  return json(200, {})
}

/** The control API, /sandbox/*: sets the stage for a test and tells what truly happened. */
export const control = (world: World, call: Call): Answer => {
  const [name = '', id] = call.path.slice('/sandbox/'.length).split('/')
  if (call.method === 'DELETE' && name === 'faults') return removeFaults(world, id)
  if (call.method === 'GET') return read(world, name, call.search) ?? fail(404, 'No such control.')
  const verb = call.method === 'POST' && Object.hasOwn(verbs, name) ? verbs[name] : undefined
  if (!verb) return fail(404, 'No such control.')
  try {
    return json(200, verb(world, call.body === '' ? {} : JSON.parse(call.body)))
  } catch (error) {
    if (error instanceof z.ZodError) return fail(400, z.prettifyError(error))
    return fail(400, error instanceof Error ? error.message : String(error))
  }
}
