export const handler = async (): Promise<unknown> => ({ ok: true });
