import { afterAll, vi } from 'vitest';

// After each file: the next one's tests run in the same process.
afterAll(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
