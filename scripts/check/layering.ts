import type { Import } from './imports.ts'

type Rule = {
  why: string
  from: RegExp
  to: RegExp
  /** What of `to` is allowed after all; may refer to groups of `from` as $1. */
  except?: string
}

const DOMAIN = 'shared/(?!http/|db/|crypto/|worker/|networks/|x/)[^/]+/'
const WORDS_OF_REFUSAL = 'shared/http/(problem|problems|problem-types)\\.ts$'

/** Functions stand on domains, domains on shared/db; nothing looks up, and nobody looks sideways. */
export const RULES: Rule[] = [
  {
    why: 'no function imports another function',
    from: /^functions\/([^/]+)\//,
    to: /^functions\//,
    except: '^functions/$1/',
  },
  {
    why: 'shared code knows no function',
    from: /^shared\//,
    to: /^functions\//,
  },
  {
    why: 'what is deployed knows neither scripts (the embedded stack) nor tests',
    from: /^(?:functions|shared|supabase)\//,
    to: /^(?:scripts|tests)\//,
  },
  {
    why: 'only functions and shared/http know Hono',
    from: /^shared\/(?!http\/)/,
    to: /^(?:@hono\/|hono(?:\/|$))/,
  },
  {
    why: 'only functions and shared/http speak HTTP to callers; the rest knows how to refuse',
    from: /^shared\/(?!http\/)/,
    to: /^shared\/http\//,
    except: WORDS_OF_REFUSAL,
  },
  {
    why: 'shared/db, crypto, worker and http know no domain',
    from: /^shared\/(?:db|crypto|worker|http)\//,
    to: new RegExp(`^${DOMAIN}`),
  },
  {
    why: 'only functions, network-of and rules-of choose a provider; domains see the Network interface',
    from: /^shared\/(?!x\/|networks\/(?:network|rules)-of\.ts$)/,
    to: /^shared\/x\//,
  },
  {
    why: 'shared/crypto stands alone',
    from: /^shared\/crypto\//,
    to: /^(?:shared|functions)\//,
    except: '^shared/crypto/',
  },
  {
    why: 'scripts do not lean on tests',
    from: /^scripts\//,
    to: /^tests\//,
  },
  {
    why: 'e2e tests look from outside',
    from: /^tests\/e2e\//,
    to: /^(?:shared|functions)\//,
  },
]

const breaks = (rule: Rule, { from, to }: Import): boolean => {
  const match = rule.from.exec(from)
  if (!match || !rule.to.test(to)) return false
  return !rule.except || !new RegExp(rule.except.replace('$1', match[1] ?? '')).test(to)
}

/** One line for each import that goes against a rule. */
export const findViolations = (imports: Import[]): string[] =>
  imports.flatMap((each) =>
    RULES.filter((rule) => breaks(rule, each)).map(
      (rule) => `${each.from}:${each.line} imports ${each.to}: ${rule.why}`,
    ),
  )
