import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorLine } from '../../src/workers/error-line.ts';
import { temporaryDirectory } from '../helpers/temporary.ts';

/** What programs write when they fail, as their runtimes do it, and the one line that says why. */
const WORDS: readonly (readonly [what: string, line: string | null, said: readonly string[]])[] = [
  ['one line', 'the file is empty', ['the file is empty']],
  ['progress before it', 'the table has no column price', ['step 0', 'step 1', 'the table has no column price']],
  ['a bar that is drawn over itself', 'out of disk', ['10%\r20%\rout of disk']],
  ['colours', 'Error: red', ['\u001b[31mError: red\u001b[0m', '']],
  ['nothing', null, ['', ' ']],
  ['indented lines only', 'indented', ['   indented']],
  [
    'an error before its usage',
    "error: missing argument 'file'",
    ["error: missing argument 'file'", '', 'Usage: tool <file>', '  -h  help'],
  ],
  ['an error after its usage', 'e.py: error: x is required', ['usage: e.py [-h] x', 'e.py: error: x is required']],
  ['a marked error before a farewell', 'ERROR: no rows', ['ERROR: no rows', 'cleaning up']],
  ['a log', '2026-01-01 10:00:01 ERROR no rows', ['2026-01-01 10:00:01 ERROR no rows', '2026-01-01 10:00:02 INFO bye']],
  [
    'npm around it',
    'Error: boom',
    ['Error: boom', '    at x (y.js:1:2)', '', 'npm error Lifecycle script failed', 'npm error code 1'],
  ],
  [
    'a stack of Java with a cause',
    'Exception in thread "main" java.lang.IllegalStateException: no rows',
    [
      'Exception in thread "main" java.lang.IllegalStateException: no rows',
      '\tat Main.main(Main.java:5)',
      'Caused by: java.io.IOException: disk',
      '\tat Main.read(Main.java:12)',
      '\t... 1 more',
    ],
  ],
  [
    'a stack of .NET',
    'Unhandled exception. System.Exception: no',
    ['Unhandled exception. System.Exception: no', '   at Program.Main()'],
  ],
  [
    'a stack of PHP',
    'PHP Fatal error:  Uncaught Exception: no in /x.php:3',
    [
      'PHP Fatal error:  Uncaught Exception: no in /x.php:3',
      'Stack trace:',
      '#0 {main}',
      '  thrown in /x.php on line 3',
    ],
  ],
  [
    'a panic of Go',
    'panic: runtime error: index out of range [5] with length 3',
    [
      'panic: runtime error: index out of range [5] with length 3',
      '',
      'goroutine 1 [running]:',
      'main.main()',
      '\t/x.go:5 +0x1d',
      'exit status 2',
    ],
  ],
  [
    'a deadlock of Go',
    'fatal error: all goroutines are asleep - deadlock!',
    [
      'fatal error: all goroutines are asleep - deadlock!',
      '',
      'goroutine 1 [chan receive]:',
      'main.main()',
      '\t/x.go:5 +0x1d',
    ],
  ],
  ['the log of Go', '2026/01/01 10:00:00 no such row 7', ['2026/01/01 10:00:00 no such row 7', 'exit status 1']],
  [
    'a panic of Rust',
    'index out of bounds: the len is 3',
    [
      "thread 'main' panicked at src/main.rs:2:5:",
      'index out of bounds: the len is 3',
      'note: run with `RUST_BACKTRACE=1`',
    ],
  ],
  [
    'a panic of Rust with its stack',
    'boom',
    [
      "thread 'main' (7) panicked at src/main.rs:2:5:",
      'boom',
      'stack backtrace:',
      '   0: rust_begin_unwind',
      '   1: core::panic',
    ],
  ],
  [
    'a panic of Rust before 1.73',
    "thread 'main' panicked at 'no rows', src/main.rs:2:5",
    ["thread 'main' panicked at 'no rows', src/main.rs:2:5", 'note: run with `RUST_BACKTRACE=1`'],
  ],
  [
    'an error of Rust with causes',
    'Error: main failed',
    ['Error: main failed', '', 'Caused by:', '    0: reading x', '    1: No such file'],
  ],
  [
    'a stack of Ruby',
    "x.rb:1:in `foo': undefined method `bar' for nil:NilClass (NoMethodError)",
    ["x.rb:1:in `foo': undefined method `bar' for nil:NilClass (NoMethodError)", "\tfrom x.rb:5:in `<main>'"],
  ],
  [
    'a stack of Ruby with advice in the middle',
    "x.rb:1:in '<main>': undefined local variable 'foo' (NameError)",
    [
      "x.rb:1:in '<main>': undefined local variable 'foo' (NameError)",
      '',
      'foo',
      '^^^',
      'Did you mean?  for',
      "\tfrom x.rb:5:in '<main>'",
    ],
  ],
  [
    'errors of Python in a chain',
    'ValueError: bad',
    [
      'Traceback (most recent call last):',
      '  File "x.py", line 1, in <module>',
      'ZeroDivisionError: division by zero',
      '',
      'The above exception was the direct cause of the following exception:',
      '',
      'Traceback (most recent call last):',
      '  File "x.py", line 3, in <module>',
      '    ~~~^^',
      'ValueError: bad',
      'with more lines',
    ],
  ],
  [
    'a group of errors of Python',
    'ExceptionGroup: several (2 sub-exceptions)',
    [
      '  + Exception Group Traceback (most recent call last):',
      '  |   File "x.py", line 1, in <module>',
      '  |     raise ExceptionGroup("several", [Error("a"), TypeError("b")])',
      '  |     ~~~~~^^^',
      '  | ExceptionGroup: several (2 sub-exceptions)',
      '  +-+---------------- 1 ----------------',
      '    | Traceback (most recent call last):',
      '    |   File "x.py", line 2, in work',
      '    | Error: a',
      '    +---------------- 2 ----------------',
      '    | TypeError: b',
      '    +------------------------------------',
    ],
  ],
  [
    'a group of errors of Python within another one, after its cause',
    'ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)',
    [
      'Traceback (most recent call last):',
      '  File "x.py", line 1, in <module>',
      'KeyError: 7',
      '',
      'The above exception was the direct cause of the following exception:',
      '',
      '  + Exception Group Traceback (most recent call last):',
      '  |   File "x.py", line 3, in <module>',
      '  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)',
      '  +-+---------------- 1 ----------------',
      '    | Exception Group Traceback (most recent call last):',
      '    |   File "x.py", line 5, in <module>',
      '    | ExceptionGroup: inner (1 sub-exception)',
      '    +-+---------------- 1 ----------------',
      '      | ValueError: a',
      '      +------------------------------------',
    ],
  ],
  [
    'an error of Python that a group caused',
    'RuntimeError: no result',
    [
      '  + Exception Group Traceback (most recent call last):',
      '  |   File "x.py", line 3, in <module>',
      '  | ExceptionGroup: several (1 sub-exception)',
      '  +-+---------------- 1 ----------------',
      '    | ValueError: a',
      '    +------------------------------------',
      '',
      'The above exception was the direct cause of the following exception:',
      '',
      'Traceback (most recent call last):',
      '  File "x.py", line 5, in <module>',
      'RuntimeError: no result',
    ],
  ],
  [
    'a group of errors of Python before a farewell',
    'ExceptionGroup: several (1 sub-exception)',
    [
      '  + Exception Group Traceback (most recent call last):',
      '  | ExceptionGroup: several (1 sub-exception)',
      '  +-+---------------- 1 ----------------',
      '    | ValueError: a',
      '    +------------------------------------',
      'cleaning up',
    ],
  ],
  [
    'the end of a group of errors of Python',
    'TypeError: b',
    [
      '    | ValueError: a',
      '    +---------------- 2 ----------------',
      '    | TypeError: b',
      '    +------------------------------------',
    ],
  ],
  [
    'an error of Python before a farewell',
    'KeyError: 7',
    ['Traceback (most recent call last):', '  File "x.py", line 1', 'KeyError: 7', 'bye'],
  ],
];

/** Programs that are there wherever these tests run. */
const PROGRAMS: readonly (readonly [program: string, name: string, code: string, line: RegExp])[] = [
  [process.execPath, 'a.mjs', 'throw new TypeError("x is not a function")', /^TypeError: x is not a function$/],
  [process.execPath, 'a.mjs', 'throw new Error("first\\nsecond\\nthird")', /^Error: first$/],
  [process.execPath, 'a.mjs', 'throw new Error("outer", { cause: new RangeError("inner") })', /^Error: outer$/],
  [process.execPath, 'a.mjs', 'throw "boom"', /^boom$/],
  [process.execPath, 'a.mjs', 'class Odd extends Error { name = "Odd" }\nthrow new Odd("went off")', /^Odd: went off$/],
  [process.execPath, 'a.mjs', 'import fs from "node:fs"; fs.readFileSync("/nope")', /^Error: ENOENT: .*'\/nope'$/],
  [process.execPath, 'a.cjs', 'require("./gone")', /^Error: Cannot find module '.\/gone'$/],
  [process.execPath, 'a.mjs', 'let let = 5', /^SyntaxError: /],
  ['/bin/bash', 'a.sh', 'set -e; echo start >&2; cat /nope', /^cat: \/nope: No such file or directory$/],
  ['/bin/bash', 'a.sh', 'if true; then\nfi', /syntax error near unexpected token `fi'$/],
  ['/bin/bash', 'a.sh', 'no_such_program', /line 1: no_such_program: command not found$/],
];

describe('the error of a failed program', () => {
  it.each(WORDS)('as one line: %s', (_, line, said) => {
    expect(errorLine(said.join('\n'))).toBe(line);
    expect(errorLine(`${said.join('\r\n')}\r\n`)).toBe(line);
  });

  it.each(PROGRAMS)('%s %s: %s', (program, name, code, line) => {
    const cwd = temporaryDirectory();
    writeFileSync(path.join(cwd, name), code);
    expect(errorLine(spawnSync(program, [name], { cwd, encoding: 'utf8' }).stderr)).toMatch(line);
  });
});
