// A defect that names what does not exist fails a test by that, and proves nothing.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** "Cannot find name", "Property does not exist" and the like. Types need not fit: what runs has none. */
const NAMELESS = new Set([2304, 2305, 2307, 2339, 2551, 2552, 2663, 18004]);

/** What the compiler cannot read, or does not know, of this text in the place of a file below `root`. */
export const unknownNames = (root, file, text) => {
  const path = join(root, file);
  const { config } = ts.readConfigFile(join(root, 'tsconfig.base.json'), (name) =>
    readFileSync(name, 'utf8'),
  );
  const { options } = ts.convertCompilerOptionsFromJson(
    { ...config.compilerOptions, composite: false, declaration: false, noEmit: true },
    root,
  );
  const host = ts.createCompilerHost(options);
  const { readFile } = host;
  host.readFile = (name) => (name === path ? text : readFile(name));
  const program = ts.createProgram([path], options, host);
  const source = program.getSourceFile(path);
  const wrong = [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source).filter(({ code }) => NAMELESS.has(code)),
  ];
  return wrong.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
};
