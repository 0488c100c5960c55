import { readFileSync } from 'node:fs';
import { repositoryPath } from './load-definitions.ts';

export function packageVersion(): string {
  const text = readFileSync(repositoryPath('package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
