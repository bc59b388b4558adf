// Records docs/session.svg: a real `abp run` of examples/documents on a real terminal, with the offline worker.
// `node test/readme/record-session.ts`
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../src/package-root.ts';
import { drawTerminal, replay } from './terminal-picture.ts';

const COLUMNS = 108;
const folder = mkdtempSync(join(tmpdir(), 'abp-session-'));
const home = mkdtempSync(join(tmpdir(), 'abp-home-'));
/** What a person answers, in the order of the questions. */
const QUESTIONS = ['Allow it? [y/N] ', '[l]ater: '];
try {
  cpSync(join(packageRoot(), 'examples/documents'), join(folder, 'documents'), { recursive: true });
  const recorded = await record();
  writeFileSync(join(packageRoot(), 'docs/session.svg'), drawTerminal(replay(recorded, COLUMNS), COLUMNS));
} finally {
  for (const made of [folder, home]) rmSync(made, { recursive: true });
}

/** Everything that a terminal was told, from the prompt on; questions are answered with y. */
async function record(): Promise<string> {
  const main = join(packageRoot(), 'src/main.ts');
  const command = `stty rows 40 cols ${COLUMNS}; exec '${process.execPath}' '${main}' run documents/batch.yaml`;
  const child = execa('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    cwd: folder,
    extendEnv: false,
    env: {
      PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: home,
      TERM: 'xterm-256color',
      ABP_STORAGE_PATH: join(folder, '.agentic-batch/batch.db'),
    },
    stdin: 'pipe',
    buffer: false,
  });
  let said = '';
  let answered = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    const question = QUESTIONS[answered];
    if (question !== undefined && said.includes(question)) {
      answered++;
      child.stdin.write('y\r');
    }
  });
  await child;
  return `\u001b[1m$ abp run documents/batch.yaml\u001b[22m\r\n${said.replaceAll(folder, '~')}`;
}
