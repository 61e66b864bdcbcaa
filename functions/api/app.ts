import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { requestId } from 'hono/request-id'
import type { Deps } from '../../shared/deps.ts'
import { cors } from '../../shared/http/cors.ts'
import { countCalls } from '../../shared/http/count-calls.ts'
import { createNotFound } from '../../shared/http/not-found.ts'
import { createOnError } from '../../shared/http/on-error.ts'
import { problems } from '../../shared/http/problems.ts'
import { requestLog } from '../../shared/http/request-log.ts'
import type { Network } from '../../shared/networks/network.ts'
import { accounts } from './routes/accounts.ts'
import { analytics } from './routes/analytics.ts'
import { atRisk } from './routes/at-risk.ts'
import { budget } from './routes/budget.ts'
import { connections } from './routes/connections.ts'
import { deliveries } from './routes/deliveries.ts'
import { docs } from './routes/docs.ts'
import { events } from './routes/events.ts'
import { health } from './routes/health.ts'
import { me } from './routes/me.ts'
import { media } from './routes/media.ts'
import { postStatus } from './routes/post-status.ts'
import { posts } from './routes/posts.ts'
import { publishedPosts } from './routes/published-posts.ts'
import { resolving } from './routes/resolving.ts'
import { webhookActions } from './routes/webhook-actions.ts'
import { webhookEndpoints } from './routes/webhook-endpoints.ts'
import { workspaces } from './routes/workspaces.ts'
import { xApps } from './routes/x-apps.ts'

const maxBodyBytes = 1_048_576

const refuseLargeBodies = bodyLimit({
  maxSize: maxBodyBytes,
  onError: () => {
    throw problems.contentTooLarge(maxBodyBytes)
  },
})

/** Most answers need no network, so it is loaded by the first one that does. */
const loadNetwork = (deps: Deps): (() => Promise<Network>) => {
  let loaded: Promise<Network> | undefined
  return () => {
    loaded ??= import('../../shared/networks/network-of.ts').then((module) =>
      module.networkOf(deps),
    )
    return loaded
  }
}

// Trees and not one row: TypeScript gives up on the type of a row this long.
const whoPublishes = (deps: Deps, network: () => Promise<Network>) =>
  new Hono()
    .route('/', connections(deps, network))
    .route('/', accounts(deps, network))
    .route('/', xApps(deps))
    .route('/', budget(deps))
    .route('/', workspaces(deps))
    .route('/', me(deps))

const whatIsPublished = (deps: Deps, network: () => Promise<Network>) =>
  new Hono()
    .route('/', atRisk(deps))
    .route('/', posts(deps))
    .route('/', postStatus(deps))
    .route('/', resolving(deps, network))
    .route('/', publishedPosts(deps))
    .route('/', media(deps))

const whatHappened = (deps: Deps) =>
  new Hono()
    .route('/', events(deps))
    .route('/', webhookEndpoints(deps))
    .route('/', webhookActions(deps))
    .route('/', deliveries(deps))
    .route('/', analytics(deps))

/** The API. Paths begin with the function's own name, as the platform hands them over. */
export const createApp = (deps: Deps, network = loadNetwork(deps)) => {
  const app = new Hono().basePath('/api')
  app.use(requestId({ generator: deps.randomUUID }), requestLog(deps), cors(deps.env))
  app.use(countCalls(deps), refuseLargeBodies, async (c, next) => {
    await next()
    c.res.headers.set('cache-control', 'private')
    c.res.headers.set('x-content-type-options', 'nosniff')
  })
  app.onError(createOnError(deps))
  app.notFound(createNotFound(app))
  return app
    .route('/', health(deps))
    .route(
      '/',
      docs(deps, () => app.routes),
    )
    .route('/', whoPublishes(deps, network))
    .route('/', whatIsPublished(deps, network))
    .route('/', whatHappened(deps))
}

/** For typed clients: `hc<Api>('https://<ref>.supabase.co/functions/v1').api.posts.$get(…)`. */
export type Api = ReturnType<typeof createApp>
