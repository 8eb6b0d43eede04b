// Write src/ui/tokens.css from src/ui/tokens.json: CSS variables for light and dark.
import { readFileSync, writeFileSync } from 'node:fs';

export function tokensCss(tokens) {
  const colours = (theme) =>
    Object.entries(tokens.color[theme]).map(([name, token]) => `  --${name}: ${token.$value.toLowerCase()};`);
  const lengths = [
    ...Object.entries(tokens.radius).map(([name, px]) => `  --radius-${name}: ${px}px;`),
    ...Object.entries(tokens.size).map(([name, px]) => `  --size-${name}: ${px}px;`),
  ];
  const light = [`  color-scheme: light;`, ...colours('light'), ...lengths];
  const dark = [`  color-scheme: dark;`, ...colours('dark')];
  return [
    '/* Made from tokens.json by `npm run tokens`. */',
    `:root {\n${light.join('\n')}\n}`,
    `:root[data-mantine-color-scheme='dark'] {\n${dark.join('\n')}\n}`,
    '',
  ].join('\n');
}

if (import.meta.url === `file://${process.argv[1]}`) {
  writeFileSync('src/ui/tokens.css', tokensCss(JSON.parse(readFileSync('src/ui/tokens.json', 'utf8'))));
}
