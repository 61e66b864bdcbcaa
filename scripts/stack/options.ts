import { parseArgs } from 'node:util'
import { fault } from './fault.ts'

export type StartOptions = {
  port: number
  data: string
  fresh: boolean
  demo: boolean
  verbose: boolean
  help: boolean
}

export const HELP = `Usage: npm start -- [options]

Starts the whole MyPosts backend on this machine, without Docker. Ctrl-C stops it; the data stays.

  --port <number>  gateway port, 54321 unless told; Postgres takes the next one, the sandbox X the one
                   after it; 0 takes free ports
  --data <folder>  where everything is kept, .stack unless told
  --fresh          erase that data first
  --no-demo        do not seed and show the demo post on fresh data
  --verbose        print what functions log, too
  --help           this text
`

const OPTIONS = {
  port: { type: 'string', default: '54321' },
  data: { type: 'string', default: '.stack' },
  fresh: { type: 'boolean', default: false },
  'no-demo': { type: 'boolean', default: false },
  verbose: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const HIGHEST_PORT = 65_533

/** Reads the words after `npm start --`; throws a fault for anything it does not know. */
export const parseOptions = (
  args: string[],
  env: Record<string, string | undefined> = {},
): StartOptions => {
  refuseSwallowed(env)
  const { values } = read(args)
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > HIGHEST_PORT) {
    throw fault(
      `--port takes a number from 0 to ${HIGHEST_PORT}, not "${values.port}".`,
      'For example: npm start -- --port 55321',
    )
  }
  if (values.data === '') {
    throw fault('--data takes a folder.', 'For example: npm start -- --data .stack-2')
  }
  const { data, fresh, verbose, help } = values
  return { port, data, fresh, verbose, help, demo: !values['no-demo'] }
}

const read = (args: string[]) => {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false })
  } catch (error) {
    const message = (error as Error).message.split(/(?<=['"])\. /)[0]
    throw fault(`${message?.replace(/\.$/, '')}.`, 'See what there is: npm start -- --help')
  }
}

// `npm start --fresh` gives the word to npm, not to us; going on without it would surprise.
const refuseSwallowed = (env: Record<string, string | undefined>) => {
  const names = ['port', 'data', 'fresh', 'demo', 'verbose'].filter(
    (name) => env[`npm_config_${name}`],
  )
  if (names.length === 0) return
  throw fault(
    `npm kept ${names.map((name) => `--${name}`).join(', ')} for itself.`,
    'Put two dashes before our options: npm start -- --port 55321',
  )
}
