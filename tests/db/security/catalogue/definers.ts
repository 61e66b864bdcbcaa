import type { Tx } from '../../../helpers/database.ts'
import type { Rule } from './rule.ts'

type Definition = { name: string; oid: string; is_granted_definer: boolean; body: string }

/** What every other assertion comes down to. */
const ASSERTION = 'require_role'
/** They tell callers about themselves alone, and the assertion needs them. */
const NEEDS_NO_ROLE = ['workspace_ids', 'personal_workspace_id', ASSERTION]

const readDefinitions = async (tx: Tx): Promise<Definition[]> =>
  (
    await tx.query<Definition>(`
      select p.proname as name, p.oid::regprocedure::text as oid, p.prosrc as body,
        p.prosecdef and (
          has_function_privilege('anon', p.oid, 'execute')
          or has_function_privilege('authenticated', p.oid, 'execute')
        ) as is_granted_definer
      from pg_proc as p
      where p.pronamespace::regnamespace::text in ('public', 'private')`)
  ).rows

/** The body without comments and without what stands between quotes. */
const codeOf = (body: string): string =>
  body
    .replaceAll(/--[^\n]*/g, '')
    .replaceAll(/\/\*.*?\*\//gs, '')
    .replaceAll(/'(?:[^']|'')*'/g, "''")

/** Where in the code a role is asserted, by the assertion or by a function that comes down to it. */
const assertionAt = (code: string, asserting: Set<string>): number =>
  Math.min(
    ...[...code.matchAll(/\bprivate\.(\w+)\s*\(/g)]
      .filter(([, called]) => asserting.has(called ?? ''))
      .map(({ index }) => index),
  )

const firstWriteAt = (code: string): number =>
  code.search(/\b(insert\s+into|update\s+[\w.]+\s+(as\s+\w+\s+)?set|delete\s+from|execute)\b/i) +
    1 || Number.POSITIVE_INFINITY

const assertsFirst = (body: string, asserting: Set<string>): boolean => {
  const code = codeOf(body)
  const asserted = assertionAt(code, asserting)
  return Number.isFinite(asserted) && asserted < firstWriteAt(code)
}

/** Grows the set until no other function comes down to the assertion. */
const assertingFunctions = (definitions: Definition[]): Set<string> => {
  const asserting = new Set([ASSERTION])
  let size: number
  do {
    size = asserting.size
    for (const { name, body } of definitions) {
      if (assertsFirst(body, asserting)) asserting.add(name)
    }
  } while (asserting.size > size)
  return asserting
}

const granted = (code: string) =>
  `create function private.careless() returns void language plpgsql security definer
   set search_path = '' as $$ begin ${code} end $$;
   grant execute on function private.careless() to authenticated`

/** Row level security does not apply inside a definer, so each asserts the caller's role itself. */
export const definers: Rule[] = [
  {
    rule: "every definer callers may execute asserts the caller's role before it writes",
    offenders: async (tx) => {
      const definitions = await readDefinitions(tx)
      const asserting = assertingFunctions(definitions)
      return definitions
        .filter(({ is_granted_definer }) => is_granted_definer)
        .filter(({ name, body }) => !NEEDS_NO_ROLE.includes(name) && !assertsFirst(body, asserting))
        .map(({ oid }) => oid)
    },
    violations: [
      granted('delete from public.posts;'),
      granted("-- perform private.require_role(null, 'owner');\n delete from public.posts;"),
      granted("perform 'private.require_role('; delete from public.posts;"),
      granted("delete from public.posts; perform private.require_role(null, 'owner');"),
      'grant execute on function private.require_account(uuid, text), private.tg_users__create_profile() to anon',
    ],
  },
]
