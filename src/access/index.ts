export { admitted, createAdmission, slotRequestOf, type Admission, type Slot } from './admission.ts'
export * from './keys.ts'
export { createWrongKeys, type WrongKeys } from './wrong-keys.ts'
