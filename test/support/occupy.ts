import { createServer } from 'node:net';
import { onTestFinished } from 'vitest';

/**
 * Takes a port until the test is over; where somebody has it, as soon as they give it up, so that it is in use from now on.
 */
export async function occupy(port: number): Promise<void> {
  const server = createServer();
  let over = false;
  onTestFinished(() => {
    over = true;
    server.close();
  });
  await new Promise((resolve) => {
    const listen = () => server.listen(port, '127.0.0.1', () => resolve(port));
    server.on('error', () => {
      resolve(port);
      if (!over) setTimeout(listen, 10).unref();
    });
    listen();
  });
}
