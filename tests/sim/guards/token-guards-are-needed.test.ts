import { seeItFail } from './see-it-fail.ts'
import { TOKEN_GUARDS } from './token-guards.ts'

seeItFail(TOKEN_GUARDS)
