export * from './admission.ts'
export * from './keys.ts'
