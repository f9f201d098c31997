export { admitted, createAdmission, slotRequestOf, type Admission, type Slot } from './admission.ts'
export * from './keys.ts'
