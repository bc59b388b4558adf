import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { using } from '../../src/domain/hint.ts';
import type { Json } from '../../src/domain/json.ts';
import type { Assignment } from '../../src/workers/process/assignment.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';
import { fixtureProgram, livingProcesses, perform, workerWith } from '../helpers/worker.ts';

const PROGRAM = fixtureProgram('command.mjs');
/** A file without execute permission. */
const NO_PROGRAM = fixtureProgram('executor.ts');

async function run(args: readonly string[], parts: Partial<Assignment> = {}, more: Record<string, Json> = {}) {
  const choice = { type: 'command', command: [process.execPath, PROGRAM, ...args], ...more };
  const { worker, assignment } = await workerWith(choice, parts);
  return { assignment, outcome: await perform(worker, assignment) };
}

describe('the command worker', () => {
  it('passes one JSON object on stdin', async () => {
    const payload = { name: 'seven "7"', nested: { n: [1, null] } };
    const { outcome } = await run(['echo'], { payload });
    expect(outcome).toMatchObject({
      ok: true,
      result: {
        structured: {
          prompt: 'You do one item.\n\nDo item 7.',
          payload,
          job_id: 'job-1',
          unit: 7,
          step: 'main',
          attempt: 1,
        },
      },
    });
  });

  it.each([
    ['JSON', '{"a":[1]}', { text: '{"a":[1]}', structured: { a: [1] } }],
    ['a JSON scalar', '5\n', { text: '5\n', structured: 5 }],
    ['text', 'just words', { text: 'just words' }],
    ['JSON after a byte order mark', '\ufeff{"a":1}', { text: '{"a":1}', structured: { a: 1 } }],
    ['a line with its byte order mark', '\ufeff5\r\n', { text: '5\r\n', structured: 5 }],
    ['text after a byte order mark', '\ufeffwords', { text: 'words' }],
    [
      'integers beyond 2^53',
      '{"id":1413617112501850121,"list":[-9007199254740993,42]}',
      {
        text: '{"id":1413617112501850121,"list":[-9007199254740993,42]}',
        structured: { id: '1413617112501850121', list: ['-9007199254740993', 42] },
      },
    ],
    [
      'a large integer alone',
      '12345678901234567890',
      { text: '12345678901234567890', structured: '12345678901234567890' },
    ],
  ])('returns %s on stdout as the result', async (_, said, result) => {
    const { outcome } = await run(['says', said]);
    expect(outcome.ok && outcome.result).toEqual(result);
  });

  it.each([
    ['fails', 'agent_error', /^exit code 3: the file is empty$/],
    ['throws', 'agent_error', /^exit code 1: RangeError: no row 7$/],
    ['fails_on_stdout', 'agent_error', /^exit code 2: error: no rows$/],
    ['later', 'rate_limited', /^exit code 75$/],
    ['dies', 'crashed', /^SIGSEGV\b/],
  ])('a program that %s ends as %s', async (deed, failureClass, message) => {
    const { outcome } = await run([deed]);
    expect(outcome).toMatchObject({ ok: false, failureClass, message: expect.stringMatching(message) });
  });

  it.each([
    ['nothing', 'exit 0', 'incomplete', /^it printed nothing on stdout and wrote no file below ABP_OUTPUT_DIR$/],
    ['only blank lines', 'echo; echo " "', 'incomplete', /printed nothing/],
    ['only words on stderr', 'echo done >&2', 'incomplete', /printed nothing/],
    ['an empty folder', 'mkdir "$ABP_OUTPUT_DIR/new"', 'incomplete', /wrote no file/],
    ['a link', 'ln -s /etc/passwd "$ABP_OUTPUT_DIR/new"', 'incomplete', /wrote no file/],
    ['no directory any more', 'rm -r "$ABP_OUTPUT_DIR"', 'incomplete', /wrote no file/],
    ['a file that is no program', './no-program', 'worker_unavailable', /^exit code 126: .*Permission denied$/],
    ['no such program', 'no-such-program', 'worker_unavailable', /^exit code 127: .*not found$/],
    [
      'a long line',
      'head -c 24000 /dev/zero | tr "\\0" "x"; echo " no row 7" >&2; exit 3',
      'agent_error',
      /^exit code 3: no row 7$/,
    ],
    [
      'a long last line',
      '{ yes word | head -c 24000 | tr "\\n" " "; echo no row 7; } >&2; exit 3',
      'agent_error',
      /^exit code 3: … (word ){3000,}no row 7$/,
    ],
    ['that code itself', 'exit 127', 'worker_unavailable', /^exit code 127$/],
  ])('fails for %s', async (_, script, failureClass, message) => {
    const workingDirectory = temporaryDirectory();
    writeFileSync(path.join(workingDirectory, 'no-program'), '');
    const choice = { type: 'command', command: ['/bin/sh', '-c', script] };
    const { worker, assignment } = await workerWith(choice, { workingDirectory });
    // What others write meanwhile says nothing about it.
    writeFileSync(path.join(assignment.outputDirectory, 'other'), 'of another unit');
    const outcome = await perform(worker, assignment);
    expect(outcome).toMatchObject({ ok: false, failureClass, message: expect.stringMatching(message) });
  });

  it.each([
    ['a file', 'echo x > "$ABP_OUTPUT_DIR/made"'],
    ['a file deep below it', 'mkdir -p "$ABP_OUTPUT_DIR/a/b"; echo x > "$ABP_OUTPUT_DIR/a/b/made"'],
    ['a file whose name is no UTF-8', 'echo x > "$ABP_OUTPUT_DIR/$(printf "a\\377")"'],
    ['an empty file', ': > "$ABP_OUTPUT_DIR/empty"'],
    ['a file that was moved there with its times', 'touch -d 2001-01-01 m; mv m "$ABP_OUTPUT_DIR/moved"'],
  ])('accepts an empty stdout if it wrote %s', async (_, script) => {
    const choice = { type: 'command', command: ['/bin/sh', '-c', script] };
    const { worker, assignment } = await workerWith(choice);
    expect(await perform(worker, assignment)).toMatchObject({ ok: true, result: { text: '' } });
  });

  it('validates a large integer as a number and keeps its digits', async () => {
    const outputSchema = { type: 'object', properties: { id: { type: 'integer', minimum: 1 } }, required: ['id'] };
    const { outcome } = await run(['says', '{"id":1413617112501850121}'], { outputSchema });
    expect(outcome).toMatchObject({ ok: true, result: { structured: { id: '1413617112501850121' } } });
    const wrong = await run(['says', '{"id":"1413617112501850121"}'], { outputSchema });
    expect(wrong.outcome).toMatchObject({ ok: false, message: '/id must be integer (integer)' });
  });

  it.each([
    ['text although JSON was asked for', 'words', /not JSON/],
    ['a missing field', '{}', /required.*title/],
    ['a wrong type', '{"title":5}', /\/title must be string/],
  ])('refuses %s', async (_, said, message) => {
    const outputSchema = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] };
    const { outcome } = await run(['says', said], { outputSchema });
    expect(outcome).toMatchObject({ ok: false, failureClass: 'invalid_output', message });
  });

  it('refuses a too large result and names ABP_OUTPUT_DIR', async () => {
    const choice = { type: 'command', command: ['head', '-c', '9000000', '/dev/zero'] };
    const { worker, assignment } = await workerWith(choice);
    const outcome = await perform(worker, assignment);
    const message = expect.stringContaining('ABP_OUTPUT_DIR');
    expect(outcome).toMatchObject({ ok: false, failureClass: 'invalid_output', message });
  });

  it('stops the orphans of a finished program', async () => {
    const { assignment, outcome } = await run(['leaves_child']);
    expect(outcome).toMatchObject({ ok: true, result: { structured: 'done' } });
    expect(livingProcesses(assignment)).toEqual([]);
  });

  it('stops a daemon that left the group when the attempt is stopped', async () => {
    const { assignment, outcome } = await run(['leaves_daemon'], { timeoutMs: 1500 });
    expect(outcome).toMatchObject({ ok: false, failureClass: 'timeout' });
    expect(livingProcesses(assignment)).toEqual([]);
  });

  it('stops a program that is silent for too long and names the setting', async () => {
    const { outcome } = await run(['waits'], { idleTimeoutMs: 700 });
    const message = expect.stringContaining('idle_timeout_s');
    expect(outcome).toMatchObject({ ok: false, failureClass: 'timeout', message });
  });

  it('passes arguments unchanged, including placeholders and shell text', async () => {
    const args = ['{name}', '$(touch x)', '; rm -rf .', '*'];
    const { outcome } = await run(['arguments', ...args]);
    expect(outcome.ok && outcome.result.structured).toEqual(args);
  });

  it('runs in cwd, relative to the working directory', async () => {
    const workingDirectory = temporaryDirectory();
    writeFileSync(path.join(workingDirectory, 'here'), 'found');
    const { worker, assignment } = await workerWith(
      { type: 'command', command: ['cat', 'here'] },
      { workingDirectory },
    );
    expect(await perform(worker, assignment)).toMatchObject({ ok: true, result: { text: 'found' } });
  });

  it.each([
    ['a program that is not there', { command: ['no-such-program'] }, 'worker_unavailable', 'no-such-program'],
    ['a file that is no program', { command: [NO_PROGRAM] }, 'worker_unavailable', NO_PROGRAM],
    ['a directory that is not there', { command: ['true'], cwd: 'gone' }, 'bad_input', 'gone'],
  ])('does not start with %s', async (_, config, failureClass, named) => {
    const { worker, assignment } = await workerWith({ type: 'command', ...config });
    const outcome = await perform(worker, assignment);
    expect(outcome).toMatchObject({ ok: false, failureClass, message: expect.stringContaining(named) });
    // What is stored names no operation: each interface words the advice of the class.
    expect(outcome).toMatchObject({ message: expect.not.stringContaining('update_job') });
  });

  it('reports in preflight whether its program exists', async () => {
    const { worker, assignment } = await workerWith({ type: 'command', command: ['true'] });
    expect(await worker.preflight(assignment.config, assignment.environment)).toMatchObject({ ok: true });
    expect(await worker.preflight({ command: ['no-such-program'] }, assignment.environment)).toMatchObject({
      ok: false,
      failureClass: 'worker_unavailable',
      hint: expect.arrayContaining([expect.stringContaining('Install'), using('update_job')]),
    });
  });

  it('shows stderr as the log, from a given line', async () => {
    const { worker, assignment } = await workerWith({
      type: 'command',
      command: [process.execPath, PROGRAM, 'fails'],
    });
    await perform(worker, assignment);
    const entries = [];
    for await (const entry of worker.conversation(assignment.runDirectory, 1)) entries.push(entry);
    expect(entries).toEqual([{ seq: 1, role: 'log', kind: 'text', text: 'the file is empty' }]);
  });
});

describe('the table of workers', () => {
  it('names the nearest worker for an unknown one', async () => {
    const { getWorker } = await import('../../src/workers/index.ts');
    await expect(getWorker('calude')).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('Did you mean "claude"?'),
      hint: expect.stringContaining('command'),
    });
  });
});
