import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const PROJECT = join(import.meta.dirname, '..', '..', '..')
const PARTS = ['functions', 'shared', 'supabase', 'deno.json', 'package.json']

/** A handler without anything of ours: what comes is one row, written through the same REST. */
const BARE = `import { Hono } from 'hono'

const url = Deno.env.get('SUPABASE_URL') + '/rest/v1/bare_receipts'
const { default: apikey } = JSON.parse(Deno.env.get('SUPABASE_SECRET_KEYS'))
const headers = { apikey, 'content-type': 'application/json' }

const app = new Hono().basePath('/bare').post('/', async (c) => {
  const body = JSON.stringify({ body: await c.req.text() })
  const answer = await fetch(url, { method: 'POST', headers, body })
  await answer.body?.cancel()
  return c.json({ status: 'received' }, answer.ok ? 200 : 500)
})

export default { fetch: app.fetch }
`

/** A copy of this project in which the function `bare` stands beside ours. */
export const projectWithBare = async (directory: string): Promise<string> => {
  const project = join(directory, 'project')
  await mkdir(join(project, 'functions', 'bare'), { recursive: true })
  for (const part of PARTS) {
    await cp(join(PROJECT, part), join(project, part), { recursive: true })
  }
  await symlink(join(PROJECT, 'node_modules'), join(project, 'node_modules'))
  await writeFile(join(project, 'functions', 'bare', 'index.ts'), BARE)
  return project
}

/** The table it writes to. */
export const BARE_TABLE = `
  create table public.bare_receipts (
    id bigint generated always as identity primary key,
    body text not null
  );
  alter table public.bare_receipts enable row level security;
  grant insert on public.bare_receipts to service_role;
  notify pgrst, 'reload schema';`
