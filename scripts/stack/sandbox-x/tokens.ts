import { createHash, randomBytes } from 'node:crypto'
import { type Answer, json } from './answers.ts'
import type { Call } from './call.ts'
import type { App, Grant } from './state.ts'
import type { World } from './world.ts'

const lifetime = 2 * 60 * 60

const refuse = (error: string, description: string, status = 400): Answer =>
  json(status, { error, error_description: description })

const badToken = () => refuse('invalid_request', 'Value passed for the token was invalid.')

const random = () => randomBytes(32).toString('base64url')

type Asked = { client_id: string; user_id: string; scope: string; family?: string }

/** Makes a new pair of tokens; `spends` is the refresh token that paid for it. */
export const issue = (world: World, asked: Asked, spends: string | null): Grant => {
  const offline = asked.scope.split(' ').includes('offline.access')
  const grant: Grant = {
    access_token: random(),
    refresh_token: offline ? random() : null,
    client_id: asked.client_id,
    user_id: asked.user_id,
    scope: asked.scope,
    family: asked.family ?? random(),
    expires_at: world.now() + lifetime * 1_000,
    spent: false,
  }
  world.record({ t: 'grant', grant, spends })
  return grant
}

export const tokenBody = (grant: Grant) => ({
  token_type: 'bearer',
  expires_in: lifetime,
  access_token: grant.access_token,
  scope: grant.scope,
  ...(grant.refresh_token === null ? {} : { refresh_token: grant.refresh_token }),
})

/** Taken as they come: nothing says that X decodes them, so a client that escapes more is refused. */
const basicCredentials = (authorization: string | undefined): [string, string] | null => {
  if (!authorization?.startsWith('Basic ')) return null
  const [id = '', secret = ''] = Buffer.from(authorization.slice(6), 'base64').toString().split(':')
  return [id, secret]
}

/** The app that calls: by Basic credentials when it has a secret, else by `client_id` in the form. */
const clientOf = (world: World, call: Call, form: URLSearchParams): App | Answer => {
  const basic = basicCredentials(call.authorization)
  const app = world.state.apps.get(basic?.[0] ?? form.get('client_id') ?? '')
  if (!app) return refuse('invalid_request', 'Value passed for the client_id was invalid.')
  if (app.client_secret !== null && basic?.[1] !== app.client_secret) {
    return refuse('unauthorized_client', 'Missing valid authorization header', 401)
  }
  return app
}

const grantByCode = (world: World, app: App, form: URLSearchParams): Answer => {
  const value = form.get('code') ?? ''
  const code = world.codes.get(value)
  world.codes.delete(value)
  if (!code || code.client_id !== app.client_id || code.expires_at <= world.now()) {
    return refuse('invalid_request', 'Value passed for the authorization code was invalid.')
  }
  if (code.redirect_uri !== form.get('redirect_uri')) {
    return refuse(
      'invalid_request',
      'Value passed for the redirect uri did not match the uri of the authorization code.',
    )
  }
  const challenge = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  if (challenge !== code.challenge) {
    return refuse(
      'invalid_request',
      'Value passed for the code verifier did not match the code challenge.',
    )
  }
  return json(200, tokenBody(issue(world, code, null)))
}

/** A refresh token works once; a second use is taken for theft and ends its whole family. */
const grantByRefresh = (world: World, app: App, form: URLSearchParams): Answer => {
  const value = form.get('refresh_token') ?? ''
  const grant = world.state.refresh.get(value)
  if (!grant || grant.client_id !== app.client_id) return badToken()
  if (world.state.deadFamilies.has(grant.family)) {
    return refuse('invalid_grant', 'Value passed for the token was revoked.')
  }
  if (grant.spent) {
    world.record({ t: 'kill', family: grant.family })
    return badToken()
  }
  return json(200, tokenBody(issue(world, grant, value)))
}

/** POST /2/oauth2/token */
export const token = (world: World, call: Call): Answer => {
  const form = new URLSearchParams(call.body)
  const app = clientOf(world, call, form)
  if ('status' in app) return app
  const type = form.get('grant_type')
  if (type === 'authorization_code') return grantByCode(world, app, form)
  if (type === 'refresh_token') return grantByRefresh(world, app, form)
  return refuse('unsupported_grant_type', 'Value passed for the grant_type was invalid.')
}

/** POST /2/oauth2/revoke: either token of a pair ends the whole family. */
export const revoke = (world: World, call: Call): Answer => {
  const form = new URLSearchParams(call.body)
  const app = clientOf(world, call, form)
  if ('status' in app) return app
  const value = form.get('token') ?? ''
  const grant = world.state.access.get(value) ?? world.state.refresh.get(value)
  if (grant?.client_id === app.client_id) world.record({ t: 'kill', family: grant.family })
  return json(200, { revoked: true })
}
