import { seeItFail } from './see-it-fail.ts'
import { TELLING_GUARDS } from './telling-guards.ts'

seeItFail(TELLING_GUARDS)
