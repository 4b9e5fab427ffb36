import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Every public declaration without its comments: those of the index, and what it passes on of other modules. */
export function publicTypes(folder: string): string {
  const declarations = (file: string) =>
    readFileSync(path.join(folder, file), 'utf8')
      .replaceAll(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '')
      .split(/^(?=export |import |interface )/m)
      .map((declaration) => declaration.trim());
  const named = (name: string) =>
    new RegExp(`^(?:export )?(?:declare )?(?:function|class|interface|type) ${name}\\b`);

  /** What a module declares under a name, and below it what that builds on in the same module. */
  function declared(file: string, name: string): string[] {
    const found = declarations(file).find((each) => named(name).test(each));
    if (!found) return [];
    const [, base] = / extends (\w+) \{/.exec(found) ?? [];
    return [found, ...(base ? declared(file, base) : [])];
  }

  return declarations('index.d.ts')
    .filter((declaration) => declaration.startsWith('export '))
    .flatMap((declaration) => {
      const [, names, file] = /^export (?:type )?\{ (.+) \} from '\.\/(.+)\.js';/.exec(declaration) ?? [];
      if (!names) return [declaration];
      return names.split(', ').flatMap((item) => {
        const [name = '', publicName = name] = item.replace('type ', '').split(' as ');
        const types = declared(`${file}.d.ts`, name);
        if (types.length === 0) throw new Error(`${file}.d.ts does not declare ${name} itself`);
        return [`// ${publicName}`, ...types];
      });
    })
    .join('\n\n')
    .concat('\n');
}
