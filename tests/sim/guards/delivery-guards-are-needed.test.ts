import { DELIVERY_GUARDS } from './delivery-guards.ts'
import { seeItFail } from './see-it-fail.ts'

seeItFail(DELIVERY_GUARDS)
