import { seeItFail } from './see-it-fail.ts'
import { SEND_GUARDS } from './send-guards.ts'

seeItFail(SEND_GUARDS)
