import type { Client } from 'pg'

type SqlFunction = {
  name: string
  definition: string
  body: string
  result: string
  isSet: boolean
}

/** Strings, quoted names, comments and dollar quotes, which may hold a semicolon, or one that ends a statement. */
const TOKENS =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$|;|[^'"/$;-]+|[\s\S]/g

const statementsOf = (body: string): string[] => {
  const statements = ['']
  for (const [token] of body.matchAll(TOKENS)) {
    if (token === ';') statements.push('')
    else statements[statements.length - 1] += token.startsWith('--') ? '' : token
  }
  return statements.filter((statement) => statement.trim() !== '')
}

/** What a statement is once everything in parentheses, `with` queries included, is left out. */
const outline = (statement: string): string => {
  const shorter = statement.replaceAll(/'(?:[^']|'')*'|\([^()']*\)/g, ' ')
  return shorter === statement ? shorter : outline(shorter)
}

const reads = (statement: string): boolean => {
  const verb = /\b(select|values|insert|update|delete|merge)\b/.exec(outline(statement))?.[0] ?? ''
  return ['select', 'values'].includes(verb)
}

const answers = (statement: string): boolean =>
  reads(statement) || /\breturning\b/.test(outline(statement))

/** To its last row, as language sql does: `into` would stop at the first, and what later rows call with it. */
const ignored = (statement: string): string =>
  answers(statement) ? `for v_ignored in ${statement} loop end loop;` : `${statement};`

/**
 * Of a last `select`, language sql takes the first row and runs no further, which a loop cannot do: a second
 * row ends the seed rather than play it otherwise.
 */
const lastOf = ({ name, isSet, result }: SqlFunction, statement: string): string => {
  if (isSet) return `return query ${statement};`
  if (result === 'void') return ignored(statement)
  const second = reads(statement) ? `raise exception 'a second row of ${name}'` : 'null'
  return `for v_next in ${statement} loop
    if v_rows = 0 then v_result := v_next; else ${second}; end if;
    v_rows := v_rows + 1;
  end loop;
  return v_result;`
}

const bodyOf = (fn: SqlFunction): string => {
  const statements = statementsOf(fn.body)
  const last = statements.pop() ?? ''
  return [
    '#variable_conflict use_column',
    `declare v_ignored record; v_rows integer := 0;`,
    fn.isSet || fn.result === 'void' ? '' : `v_result ${fn.result}; v_next ${fn.result};`,
    'begin',
    ...statements.map(ignored),
    lastOf(fn, last),
    'end',
  ].join('\n')
}

const kept = (fn: SqlFunction): string =>
  `${fn.definition.slice(0, fn.definition.indexOf('AS $function$')).replace(/^ LANGUAGE sql$/m, ' LANGUAGE plpgsql')}
   as $function$${bodyOf(fn)}$function$`

/**
 * Postgres 17 plans a function of language sql anew in every statement that calls it, which is a third of
 * what a seed takes, unless it can be inlined: one with settings of its own cannot. Those get their own
 * statements, word for word, as a function of plpgsql, which keeps plans. Guarded by the traces: a seed
 * plays the same with and without.
 */
export const keepPlans = async (client: Client): Promise<void> => {
  const { rows } = await client.query<SqlFunction>(
    `select procs.oid::regprocedure::text as name, pg_get_functiondef(procs.oid) as definition,
       prosrc as body, prorettype::regtype::text as result, proretset as "isSet"
     from pg_proc as procs
     join pg_language as languages on languages.oid = procs.prolang and languages.lanname = 'sql'
     join pg_type as results on results.oid = procs.prorettype
     where pronamespace in ('private'::regnamespace, 'public'::regnamespace, 'service'::regnamespace)
       and (proconfig is not null or prosecdef)
       and (proretset or results.typtype <> 'c')`,
  )
  for (const fn of rows) {
    await client.query(kept(fn)).catch((error: Error) => {
      throw new Error(`${fn.name} cannot keep its plans: ${error.message}\n${kept(fn)}`)
    })
  }
}
