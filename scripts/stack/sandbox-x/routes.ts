import { type Answer, refusals } from './answers.ts'
import { authorize } from './authorize.ts'
import type { Call, Endpoint } from './call.ts'
import { control } from './control.ts'
import { createPost, deletePost } from './create-post.ts'
import { appendMedia, finalizeMedia, initializeMedia } from './media.ts'
import { describeMedia, mediaStatus } from './media-status.ts'
import { lookupPosts, me, timeline } from './read-posts.ts'
import { listSubscriptions, subscribe, unsubscribe } from './subscriptions.ts'
import { revoke, token } from './tokens.ts'
import type { World } from './world.ts'

type Route = { name: string; run: Endpoint }

const exact = new Map<string, Endpoint>([
  ['POST /2/tweets', createPost],
  ['GET /2/tweets', lookupPosts],
  ['GET /2/users/me', me],
  ['POST /2/media/upload/initialize', initializeMedia],
  ['GET /2/media/upload', mediaStatus],
  ['POST /2/media/metadata', describeMedia],
  ['POST /2/activity/subscriptions', subscribe],
  ['GET /2/activity/subscriptions', listSubscriptions],
  ['GET /i/oauth2/authorize', authorize],
  ['POST /2/oauth2/token', token],
  ['POST /2/oauth2/revoke', revoke],
])

const patterns: { method: string; pattern: RegExp; name: string; run: Endpoint }[] = [
  {
    method: 'POST',
    pattern: /^\/2\/media\/upload\/(\d{1,19})\/append$/,
    name: 'POST /2/media/upload/:id/append',
    run: appendMedia,
  },
  {
    method: 'POST',
    pattern: /^\/2\/media\/upload\/(\d{1,19})\/finalize$/,
    name: 'POST /2/media/upload/:id/finalize',
    run: finalizeMedia,
  },
  {
    method: 'DELETE',
    pattern: /^\/2\/activity\/subscriptions\/(\d{1,19})$/,
    name: 'DELETE /2/activity/subscriptions/:id',
    run: unsubscribe,
  },
  {
    method: 'DELETE',
    pattern: /^\/2\/tweets\/(\d{1,19})$/,
    name: 'DELETE /2/tweets/:id',
    run: deletePost,
  },
  {
    method: 'GET',
    pattern: /^\/2\/users\/(\d{1,19})\/tweets$/,
    name: 'GET /2/users/:id/tweets',
    run: timeline,
  },
]

const findRoute = (call: Call): Route => {
  const name = `${call.method} ${call.path}`
  const run = exact.get(name)
  if (run) return { name, run }
  if (call.path.startsWith('/sandbox/')) return { name: 'control', run: control }
  for (const route of patterns) {
    const match = route.method === call.method ? route.pattern.exec(call.path) : null
    if (!match) continue
    call.id = match[1] ?? ''
    return route
  }
  return { name: 'unknown', run: () => refusals.unknownPath() }
}

/** Runs the endpoint of a call and counts it under its route and status. */
export const route = (world: World, call: Call): Answer => {
  const { name, run } = findRoute(call)
  const answer = run(world, call)
  if (name !== 'control') {
    const key = `${name} ${answer.status}`
    world.requests.set(key, (world.requests.get(key) ?? 0) + 1)
  }
  return answer
}
