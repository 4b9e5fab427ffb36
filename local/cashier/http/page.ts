import { fileURLToPath } from 'node:url';

/** A file of the page with its headers. */
export interface PageFile {
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

const HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Cashier sandbox</title>
<link rel="icon" href="/page/icon.svg">
<link rel="stylesheet" href="/page/style.css">
<script src="/page/main.js" defer></script>
</head>
<body></body>
</html>
`;

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#2f5bea"/><path d="M10 8l6 8 6-8M16 16v9M11 17h10M11 21h10" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

// The page loads nothing from elsewhere, and nothing that it shows can become script.
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

let bundle: Promise<Record<string, Uint8Array>> | undefined;

/** Returns a file of the page, `null` when there is none; script and style are built at the first request. */
export async function pageFile(path: string): Promise<PageFile | null> {
  if (path === '/') return file('text/html; charset=utf-8', HTML);
  if (path === '/page/icon.svg') return file('image/svg+xml', ICON);
  const types: Record<string, string> = { '/page/main.js': 'text/javascript', '/page/style.css': 'text/css' };
  const type = types[path];
  if (!type) return null;
  bundle ??= build();
  const body = (await bundle)[path];
  return body ? file(`${type}; charset=utf-8`, body) : null;
}

function file(type: string, body: string | Uint8Array): PageFile {
  return { headers: { ...HEADERS, 'content-type': type }, body };
}

async function build(): Promise<Record<string, Uint8Array>> {
  // Loaded late: who uses the cashier without its page needs no bundler.
  const esbuild = await import('esbuild');
  const folder = fileURLToPath(new URL('../page/', import.meta.url));
  const { outputFiles } = await esbuild.build({
    entryPoints: [`${folder}main.ts`, `${folder}style.css`],
    outdir: folder,
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: 'es2022',
  });
  const named = outputFiles.map(({ path, contents }) => [`/page/${path.split(/[\\/]/).at(-1)}`, contents]);
  return Object.fromEntries(named);
}
