import { createDeps } from '../../shared/deps.ts'
import { createApp } from './app.ts'

export default { fetch: createApp(createDeps()).fetch }
