import { randomBytes } from 'node:crypto'
import type { Answer } from './answers.ts'
import type { Call } from './call.ts'
import type { App } from './state.ts'
import type { World } from './world.ts'

const loopbackHosts = new Set(['127.0.0.1', 'localhost', '[::1]'])

const matchesRedirect = (registered: string, asked: string): boolean => {
  if (registered === asked) return true
  const [pattern, address] = [URL.parse(registered), URL.parse(asked)]
  if (!pattern || !address || pattern.hostname !== 'loopback') return false
  return loopbackHosts.has(address.hostname) && address.pathname === pattern.pathname
}

const escapeHtml = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')

const page = (status: number, title: string, content: string): Answer => ({
  status,
  body: `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body{font:16px/1.5 system-ui;max-width:26rem;margin:4rem auto;padding:0 1rem}
a{display:block;margin:.5rem 0;padding:.6rem 1rem;border:1px solid #8888;border-radius:2rem;text-decoration:none}</style>
<h1>${title}</h1>
${content}
</html>
`,
  headers: { 'content-type': 'text/html; charset=utf-8' },
})

const refusePage = (reason: string) =>
  page(
    400,
    'Something went wrong',
    `<p>You weren’t able to give access to the App. Go back and try logging in again.</p><p>${escapeHtml(reason)}</p>`,
  )

/** Why X would show its error page instead of asking, null when the request is in order. */
const objection = (app: App | undefined, query: URLSearchParams): string | null => {
  if (!app) return 'Value passed for the client_id was invalid.'
  const redirect = query.get('redirect_uri') ?? ''
  if (!app.redirect_uris.some((uri) => matchesRedirect(uri, redirect))) {
    return 'Value passed for the redirect uri did not match the uri registered for the App.'
  }
  if (query.get('response_type') !== 'code') return 'response_type must be code.'
  if (!query.get('scope')) return 'Missing required parameter [scope].'
  const state = query.get('state') ?? ''
  if (state.length < 1 || state.length > 500) return 'Missing required parameter [state].'
  if (!query.get('code_challenge')) return 'Missing required parameter [code_challenge].'
  if (query.get('code_challenge_method') !== 'S256') return 'code_challenge_method must be S256.'
  return null
}

const sendBack = (query: URLSearchParams, result: Record<string, string>): Answer => {
  const address = new URL(query.get('redirect_uri') ?? '')
  address.searchParams.set('state', query.get('state') ?? '')
  for (const [name, value] of Object.entries(result)) address.searchParams.set(name, value)
  return { status: 302, body: '', headers: { location: address.href } }
}

const askPage = (world: World, call: Call): Answer => {
  const link = (extra: string, label: string) =>
    `<a href="${escapeHtml(`${call.path}?${call.search}&${extra}`)}">${escapeHtml(label)}</a>`
  const users = [...world.state.accounts.values()].map(({ user }) =>
    link(
      `sandbox_user=${encodeURIComponent(user.username)}`,
      `Authorize as ${user.name} (@${user.username})`,
    ),
  )
  const deny = link('sandbox_deny=true', 'Cancel')
  return page(200, 'Sandbox X', `<p>An app asks to post for you.</p>\n${users.join('\n')}\n${deny}`)
}

/**
 * GET /i/oauth2/authorize: a page with one button per sandbox user. `sandbox_user=<username>` and
 * `sandbox_deny=true` press a button without a browser.
 */
export const authorize = (world: World, call: Call): Answer => {
  const query = new URLSearchParams(call.search)
  const app = world.state.apps.get(query.get('client_id') ?? '')
  const wrong = objection(app, query)
  if (!app || wrong) return refusePage(wrong ?? '')
  if (query.has('sandbox_deny')) return sendBack(query, { error: 'access_denied' })
  const username = query.get('sandbox_user')
  if (username === null) return askPage(world, call)
  const account = world.state.usernames.get(username.toLowerCase())
  if (!account) return refusePage(`The sandbox has no user ${username}.`)
  const code = randomBytes(24).toString('base64url')
  world.codes.set(code, {
    client_id: app.client_id,
    user_id: account.user.id,
    redirect_uri: query.get('redirect_uri') ?? '',
    challenge: query.get('code_challenge') ?? '',
    scope: query.get('scope') ?? '',
    expires_at: world.now() + 30_000,
  })
  return sendBack(query, { code })
}
