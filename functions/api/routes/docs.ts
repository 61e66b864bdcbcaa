import { Hono } from 'hono'
import type { RouterRoute } from 'hono/types'
import { z } from 'zod'
import type { Deps } from '../../../shared/deps.ts'
import { realtimeMessages } from '../../../shared/events/messages.ts'
import { describe } from '../../../shared/http/document.ts'
import type { ApiDocument } from '../../../shared/http/render-docs.ts'

const described = {
  json: describe({
    summary: 'This API as OpenAPI 3.1',
    responses: {
      200: { description: 'The document.', schema: z.looseObject({ openapi: z.string() }) },
    },
  }),
  page: describe({
    summary: 'This API as a page',
    responses: {
      200: { description: 'HTML, where the platform serves it.' },
      302: { description: 'To DOCS_URL, else to openapi.json.', headers: ['location'] },
    },
  }),
  errors: describe({
    summary: 'Every kind of problem, as a page',
    responses: {
      200: { description: 'HTML, where the platform serves it.' },
      302: { description: 'To DOCS_URL, else to openapi.json.', headers: ['location'] },
    },
  }),
}

/** The contract of the API. Built when first asked for: nothing of it is needed to serve. */
export const docs = (deps: Pick<Deps, 'env'>, routes: () => RouterRoute[]) => {
  const { SUPABASE_URL: url, DOCS_URL: docsUrl, SB_REGION: region } = deps.env
  const api = `${url}/functions/v1/api`
  let built: Promise<ApiDocument> | undefined
  const document = () => {
    built ??= Promise.all([
      import('../../../shared/http/openapi.ts'),
      import('../describe-webhooks.ts'),
    ]).then(([{ openApiDocument }, { describeWebhooks }]) => {
      const said = { messages: realtimeMessages, webhooks: describeWebhooks() }
      return openApiDocument(routes(), api, '1', said) as unknown as ApiDocument
    })
    return built
  }
  // Hosted functions cannot serve HTML: the platform turns it into plain text.
  const elsewhere = docsUrl ?? (region ? `${api}/openapi.json` : null)
  const page = () => import('../../../shared/http/render-docs.ts')

  return new Hono()
    .get('/openapi.json', described.json, async (c) => c.json(await document(), 200))
    .get('/docs', described.page, async (c) => {
      if (elsewhere) return c.redirect(elsewhere, 302)
      return c.html((await page()).renderDocs(await document()))
    })
    .get('/docs/errors', described.errors, async (c) => {
      if (elsewhere) return c.redirect(docsUrl ? `${docsUrl}/errors` : elsewhere, 302)
      return c.html((await page()).renderErrors())
    })
}
