import { problemTypes } from './problem-types.ts'

type Schema = Record<string, unknown>
type Content = Record<string, { schema: Schema }>
type Operation = {
  tags: string[]
  summary?: string
  description?: string
  parameters?: { name: string; in: string; required?: boolean; description?: string }[]
  requestBody?: { content: Content }
  responses: Record<string, { description: string; content?: Content }>
}

/** What the pages need of an OpenAPI document. */
export type ApiDocument = {
  info: { title: string }
  servers: { url: string }[]
  paths: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, Schema> }
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const html = (text: string) => text.replace(/[&<>"]/g, (character) => escapes[character] ?? '')

const styles = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
details { border: 1px solid #8884; border-radius: 6px; margin: .4rem 0; padding: .4rem .8rem }
summary { cursor: pointer } code, pre { font-size: .875rem } pre { overflow: auto }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .2rem .6rem .2rem 0 }
.method { display: inline-block; min-width: 4.2rem; font-weight: 600 }
h2 { margin-top: 2rem } a { color: inherit }`

const layout = (title: string, body: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${html(title)}</title><style>${styles}</style></head><body>${body}</body></html>`

const schemaBlock = (content: Content | undefined) => {
  const schema = content && Object.values(content)[0]?.schema
  if (!schema) return ''
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined
  if (name) return `<a href="#${html(name)}">${html(name)}</a>`
  return `<pre>${html(JSON.stringify(schema, null, 2))}</pre>`
}

const row = (...cells: string[]) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`

const operationBlock = (method: string, path: string, operation: Operation) => {
  const parameters = (operation.parameters ?? []).map((parameter) =>
    row(
      `<code>${html(parameter.name)}</code>`,
      html(parameter.in) + (parameter.required ? ', required' : ''),
      html(parameter.description ?? ''),
    ),
  )
  const responses = Object.entries(operation.responses).map(([status, response]) =>
    row(status, html(response.description), schemaBlock(response.content)),
  )
  return `<details><summary><span class="method">${method.toUpperCase()}</span> <code>${html(path)}</code> ${html(operation.summary ?? '')}</summary>
<p>${html(operation.description ?? '')}</p>
${parameters.length > 0 ? `<table>${parameters.join('')}</table>` : ''}
${operation.requestBody ? `<p>Body: ${schemaBlock(operation.requestBody.content)}</p>` : ''}
<table>${responses.join('')}</table></details>`
}

/** The whole document as one page that loads nothing from elsewhere. */
export const renderDocs = (document: ApiDocument): string => {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )
  const groups = Object.groupBy(operations, ({ operation }) => operation.tags[0] ?? '')
  const sections = Object.entries(groups).map(
    ([tag, group = []]) =>
      `<h2>${html(tag)}</h2>${group.map((each) => operationBlock(each.method, each.path, each.operation)).join('')}`,
  )
  const schemas = Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) =>
      `<details id="${html(name)}"><summary>${html(name)}</summary><pre>${html(JSON.stringify(schema, null, 2))}</pre></details>`,
  )
  const base = html(document.servers[0]?.url ?? '')
  return layout(
    document.info.title,
    `<h1>${html(document.info.title)}</h1><p><code>${base}</code> · <a href="${base}/openapi.json">openapi.json</a> · <a href="${base}/docs/errors">errors</a></p>${sections.join('')}<h2>Schemas</h2>${schemas.join('')}`,
  )
}

/** What every problem's `type` points at. */
export const renderErrors = (): string => {
  const rows = Object.entries(problemTypes).map(
    ([slug, { status, title }]) =>
      `<tr id="${slug}"><td><code>${slug}</code></td><td>${status}</td><td>${html(title)}</td></tr>`,
  )
  return layout(
    'Errors',
    `<h1>Errors</h1><p>Each answer says in "remedy" what to do.</p><table>${rows.join('')}</table>`,
  )
}
