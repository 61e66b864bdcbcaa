import { createDeps } from '../../shared/deps.ts'
import { networkOf } from '../../shared/networks/network-of.ts'
import { createApp } from './app.ts'

const deps = createDeps()

export default { fetch: createApp(deps, networkOf(deps)).fetch }
