const { NODE_COMPILE_CACHE, SLS_SCHEMA_CACHE_BASE_DIR } = process.env;

/**
 * For the environment of a process that is started with few variables: where Node finds what it has compiled before,
 * which is most of what a short program spends, and osls what it has made of its schema, which it looks for in a
 * home otherwise. Empty where there is no such place.
 */
export const COMPILED: Readonly<Record<string, string>> = {
  ...(NODE_COMPILE_CACHE && { NODE_COMPILE_CACHE }),
  ...(SLS_SCHEMA_CACHE_BASE_DIR && { SLS_SCHEMA_CACHE_BASE_DIR }),
};
