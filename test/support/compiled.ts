/**
 * For the environment of a process that is started with few variables: where Node finds what it has compiled in this
 * run, which is most of what a short program spends. Empty where there is no such place.
 */
export const COMPILED: Readonly<Record<string, string>> = process.env['NODE_COMPILE_CACHE']
  ? { NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] }
  : {};
