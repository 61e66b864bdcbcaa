/** Usage: npm start -- [--port N] [--data DIR] [--fresh] [--no-demo] [--help] */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isFault } from './fault.ts'
import { ownSettings } from './functions-env.ts'
import { HELP, parseOptions } from './options.ts'
import { type Stack, type StackState, startStack } from './start.ts'

const SETTINGS = join(import.meta.dirname, '..', '..', '.env')

// A remedy that is a command keeps the options of this start, so that it works as pasted.
const asGiven = (remedy: string) => {
  const given = process.argv.slice(2).filter((word) => word !== '--fresh')
  return remedy.replace('npm start -- --fresh', ['npm start --', ...given, '--fresh'].join(' '))
}

const fail = (error: unknown) => {
  if (isFault(error)) console.error(`\n✗ ${error.message}\n  → ${asGiven(error.remedy)}\n`)
  else console.error(error)
  process.exit(1)
}

const summary = (state: StackState) => `
MyPosts is ready.

  API          ${state.functions_url}/api
  Supabase     ${state.api_url}
  Postgres     ${state.db_url}
  sandbox X    ${state.x_url}
  publishable  ${state.publishable_key}
  secret       ${state.secret_key}

These are in ${join(state.data, 'state.json')} too. Ctrl-C stops; the data stays.
`

/** The first signal stops the stack in order; a second one, or one while it starts, leaves the rest to the reaper. */
const stopOnSignal = (started: () => Stack | undefined) => {
  let isStopping = false
  const onSignal = () => {
    const stack = started()
    if (!stack || isStopping) process.exit(130)
    isStopping = true
    console.log('\nstopping …')
    stack.stop().then(() => process.exit(0), fail)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
}

const run = async () => {
  const options = parseOptions(process.argv.slice(2), process.env)
  if (options.help) return console.log(HELP)
  if (existsSync(SETTINGS)) process.loadEnvFile(SETTINGS)
  const { port, data, fresh } = options
  const env = ownSettings(process.env)
  let stack: Stack | undefined
  stopOnSignal(() => stack)
  stack = await startStack({ port, data, fresh, env, log: console.log })
  console.log(summary(stack.state))
}

run().catch(fail)
