import { describe, expect, test } from 'vitest'
import { eventTypeNames } from '../../../shared/events/event-types.ts'
import { describedRoutes } from '../../../shared/http/openapi.ts'
import { problemTypes } from '../../../shared/http/problem-types.ts'
import { API_URL, fakeApi } from '../../helpers/fake-api.ts'

type Outgoing = {
  post: {
    parameters: { name: string }[]
    requestBody: {
      content: Record<
        string,
        { schema: { properties: Record<string, { const: string }> }; example: object }
      >
    }
  }
}

const { app, call } = fakeApi()
const { body: document } = await call('GET', '/openapi.json', { as: null })
const routes = describedRoutes(app.routes)
const operationOf = (method: string, path: string) =>
  document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]

test('is OpenAPI 3.1 for the address of the API', () => {
  expect(document.openapi).toBe('3.1.0')
  expect(document.servers).toEqual([{ url: `${API_URL}/functions/v1/api` }])
})

test('describes every route, and no others', () => {
  const described = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const registered = routes.map(
    ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
  )
  expect(described.toSorted()).toEqual(registered.toSorted())
})

test('every reference leads somewhere', () => {
  const text = JSON.stringify(document)
  for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    expect(document.components.schemas).toHaveProperty(name)
  }
})

test('describes what is sent on Realtime channels', () => {
  expect(document['x-realtime']).toEqual(
    [
      ['workspace:{workspace_id}', 'events', 'EventsMessage'],
      ['account:{account_id}', 'stats', 'StatsMessage'],
      ['post:{post_id}', 'version', 'VersionMessage'],
    ].map(([topic, event, name]) => ({
      topic,
      event,
      payload: { $ref: `#/components/schemas/${name}` },
    })),
  )
  expect(document.components.schemas.VersionMessage.required).toEqual([
    'post_id',
    'version',
    'status',
    'type',
  ])
})

test('shows what a webhook endpoint gets, for every type of event', () => {
  expect(Object.keys(document.webhooks)).toEqual(eventTypeNames)
  for (const [type, { post }] of Object.entries<Outgoing>(document.webhooks)) {
    const body = post.requestBody.content['application/json']
    expect(body?.example).toMatchObject({ type, data: expect.any(Object) })
    expect(body?.schema.properties.type?.const).toBe(type)
    expect(post.parameters.map(({ name }) => name)).toContain('webhook-signature')
  }
})

test.each([
  ['POST', '/posts'],
  ['PATCH', '/posts/:id'],
  ['POST', '/posts/:id/schedule'],
  ['POST', '/posts/:id/publish'],
  ['POST', '/posts/:id/retry'],
  ['POST', '/posts/:id/resume'],
])('%s %s names what may be wrong with media', (method, path) => {
  const route = routes.find((route) => route.method === method && route.path === path)
  const errors = route?.fragments.flatMap((fragment) => fragment.errors ?? [])
  expect(errors).toEqual(
    expect.arrayContaining(['media-not-ready', 'media-rejected', 'media-unknown']),
  )
})

const open = ['/health', '/ready', '/openapi.json', '/docs', '/docs/errors', '/accounts/callback']

describe.each(routes)('$method $path', ({ method, path, fragments }) => {
  const operation = operationOf(method, path)

  test('says what it does, and names its parameters', () => {
    expect(operation.summary).toMatch(/\S/)
    const inPath = operation.parameters
      .filter((parameter: { in: string }) => parameter.in === 'path')
      .map((parameter: { name: string }) => parameter.name)
    expect(inPath).toEqual([...path.matchAll(/:(\w+)/g)].map(([, name]) => name))
  })

  test('is for signed-in people, unless it is meant for anybody', () => {
    expect(operation.security).toEqual(open.includes(path) ? [] : [{ user: [] }])
    expect('401' in operation.responses).toBe(!open.includes(path))
  })

  test('lists each problem under the status it has', () => {
    for (const slug of fragments.flatMap(({ errors = [] }) => errors)) {
      expect(operation.responses[problemTypes[slug].status].description).toContain(slug)
    }
  })

  test('takes an Idempotency-Key if it is a POST', () => {
    const names = operation.parameters.map((parameter: { name: string }) => parameter.name)
    expect(names.includes('idempotency-key')).toBe(method === 'POST')
  })

  test('takes If-Match if it changes what is there', () => {
    const names = operation.parameters.map((parameter: { name: string }) => parameter.name)
    const changes = ['PATCH', 'DELETE'].includes(method) && path !== '/me'
    if (changes) expect(names).toContain('if-match')
  })
})

test('the pages load nothing from elsewhere', async () => {
  for (const path of ['/docs', '/docs/errors']) {
    const { headers, body } = await call('GET', path, { as: null })
    expect(headers.get('content-type')).toContain('text/html')
    expect(body).not.toMatch(/<(script|link|img|iframe)|@import|url\(/)
  }
})
