declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** Makes an emulator of DynamoDB that keeps its tables in memory; it does not listen yet. */
  export default function dynalite(options?: { createTableMs?: number }): Server;
}
