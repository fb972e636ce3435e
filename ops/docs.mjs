// Writes what is generated from the code: npm run docs. tests/unit/docs proves that it was run.
import { writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);

/** File → module of the build that makes it, and the function there. */
const PAGES = [
  ['ops/config.example.toml', 'actors/dist/kernel/config/example.js', 'exampleConfig'],
  ['docs/configuration.md', 'actors/dist/kernel/config/reference.js', 'configurationReference'],
  ['docs/commands.md', 'cli/dist/commands-reference.js', 'commandsReference'],
  ['docs/status.md', 'cli/dist/answers-reference.js', 'answersReference'],
  ['docs/messages.md', 'actors/dist/kernel/messages-reference.js', 'messagesReference'],
  ['docs/errors.md', 'actors/dist/kernel/errors-reference.js', 'errorsReference'],
];

for (const [file, module, name] of PAGES) {
  const made = await import(new URL(module, root).href);
  writeFileSync(new URL(file, root), await made[name]());
  console.log(file);
}
