import type { RouterRoute } from 'hono/types'
import { z } from 'zod'
import { createDocument, type ZodOpenApiOperationObject } from 'zod-openapi'
import { type Fragment, fragmentOf } from './document.ts'
import { problemTypes, type Slug } from './problem-types.ts'

const ProblemBody = z
  .looseObject({
    type: z.url(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'For people. Programs decide by type.' }),
    instance: z
      .string()
      .meta({ description: 'The id of the request; quote it when you report it.' }),
    remedy: z.string().optional().meta({ description: 'What to do about it.' }),
    errors: z
      .array(
        z.looseObject({
          pointer: z.string().meta({ description: 'RFC 6901, such as /segments/1/text.' }),
          in: z.enum(['query', 'header']).optional(),
          detail: z.string(),
        }),
      )
      .optional(),
    retry_after_seconds: z.number().optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457.' })

/** Every route can end this way. */
const everywhere: Slug[] = ['internal', 'unavailable', 'change-unconfirmed']

const merge = (fragments: Fragment[]) => ({
  summary: fragments.find(({ summary }) => summary)?.summary,
  description: fragments.find(({ description }) => description)?.description,
  body: fragments.find(({ body }) => body)?.body,
  secured: fragments.some(({ security }) => security),
  responses: Object.assign({}, ...fragments.map(({ responses }) => responses ?? {})),
  errors: [...new Set([...fragments.flatMap(({ errors }) => errors ?? []), ...everywhere])],
  params: {
    ...shapeOf(fragments, 'path'),
    ...shapeOf(fragments, 'query'),
    ...shapeOf(fragments, 'header'),
  },
})

const shapeOf = (fragments: Fragment[], part: 'path' | 'query' | 'header') => {
  const shapes = fragments.flatMap((fragment) => fragment[part]?.shape ?? [])
  return shapes.length > 0 ? { [part]: z.object(Object.assign({}, ...shapes)) } : {}
}

type Answer = NonNullable<Fragment['responses']>[number]

const answerObject = ({ description, schema, headers }: Answer) => ({
  description,
  ...(schema ? { content: { 'application/json': { schema } } } : {}),
  ...(headers
    ? { headers: Object.fromEntries(headers.map((name) => [name, { schema: { type: 'string' } }])) }
    : {}),
})

const errorObjects = (slugs: Slug[]) => {
  const byStatus = Object.groupBy(slugs, (slug) => String(problemTypes[slug].status))
  const content = { 'application/problem+json': { schema: ProblemBody } }
  return Object.fromEntries(
    Object.entries(byStatus).map(([status, group = []]) => [
      status,
      { description: group.toSorted().join(', '), content },
    ]),
  )
}

const operation = (fragments: Fragment[], tag: string): ZodOpenApiOperationObject => {
  const { summary, description, body, secured, responses, errors, params } = merge(fragments)
  const answers = Object.entries(responses as Record<string, Answer>)
  return {
    tags: [tag],
    ...(summary ? { summary } : {}),
    ...(description ? { description } : {}),
    requestParams: params,
    ...(body
      ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } }
      : {}),
    security: secured ? [{ user: [] }] : [],
    responses: {
      ...Object.fromEntries(answers.map(([status, answer]) => [status, answerObject(answer)])),
      ...errorObjects(errors),
    },
  } as ZodOpenApiOperationObject
}

/** Routes that are part of the contract, with what their middlewares say about them. */
export const describedRoutes = (routes: RouterRoute[]) => {
  const own = routes.filter(({ method }) => method !== 'ALL')
  const byRoute = Object.groupBy(own, ({ method, path }) => `${method} ${path}`)
  return Object.entries(byRoute).map(([name, handlers = []]) => {
    const [method = '', path = ''] = name.split(' ')
    const fragments = handlers.flatMap(({ handler }) => fragmentOf(handler) ?? [])
    return { method, path: path.replace(/^\/api/, ''), fragments }
  })
}

/** What is sent on a Realtime channel. OpenAPI has no word for it, so it stands under `x-realtime`. */
export type ChannelMessage = { topic: string; event: string; schema: z.ZodType }

const channelsOf = (messages: ChannelMessage[]) => {
  const named = messages.map((message) => ({ ...message, name: String(message.schema.meta()?.id) }))
  return {
    schemas: Object.fromEntries(named.map(({ name, schema }) => [name, schema])),
    channels: named.map(({ topic, event, name }) => ({
      topic,
      event,
      payload: { $ref: `#/components/schemas/${name}` },
    })),
  }
}

/** Requests that the API makes. */
export type Outgoing = Record<string, { post: ZodOpenApiOperationObject }>

/** OpenAPI 3.1, collected from the very middlewares that validate and refuse. */
export const openApiDocument = (
  routes: RouterRoute[],
  serverUrl: string,
  version: string,
  said: { messages: ChannelMessage[]; webhooks: Outgoing },
) => {
  const { schemas, channels } = channelsOf(said.messages)
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const { method, path, fragments } of describedRoutes(routes)) {
    const template = path.replaceAll(/:(\w+)/g, '{$1}')
    const tag = path.split('/')[1] ?? ''
    paths[template] = { ...paths[template], [method.toLowerCase()]: operation(fragments, tag) }
  }
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'MyPosts', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: serverUrl }],
    components: {
      schemas,
      securitySchemes: { user: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
    paths,
    webhooks: said.webhooks,
    'x-realtime': channels,
  })
}
