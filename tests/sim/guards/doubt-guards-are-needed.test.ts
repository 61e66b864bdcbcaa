import { DOUBT_GUARDS } from './doubt-guards.ts'
import { seeItFail } from './see-it-fail.ts'

seeItFail(DOUBT_GUARDS)
