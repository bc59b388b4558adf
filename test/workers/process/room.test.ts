import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../src/domain/attempt.ts';
import { FAILURE_CLASSES } from '../../../src/domain/failure.ts';
import { NoRoomError, requireRoom } from '../../../src/workers/process/room.ts';
import { MAY_MOUNT, smallDisk } from '../../helpers/small-disk.ts';
import { temporaryDirectory } from '../../helpers/temporary.ts';

const failed = (failureClass: (typeof FAILURE_CLASSES)[number]): Outcome => {
  return { ok: false, failureClass, message: 'exit code 1', usage: { costUsd: 0.25 } };
};
const succeeded: Outcome = { ok: true, result: { text: 'done' }, usage: {} };
/** Endings that are somebody's doing, or come before the program. */
const OWN = ['cancelled', 'interrupted', 'worker_unavailable', 'bad_input'];

/** An attempt's directories in a folder, its output so many bytes long. */
function attemptIn(folder: string, outputBytes: number) {
  const [runDirectory, outputDirectory] = [join(folder, 'run'), join(folder, 'out')];
  for (const directory of [runDirectory, outputDirectory]) mkdirSync(directory);
  writeFileSync(join(runDirectory, 'stdout'), 'x'.repeat(outputBytes));
  return { runDirectory, outputDirectory };
}

describe('with free space', () => {
  test('every outcome is unchanged and no probe file remains', () => {
    const attempt = attemptIn(temporaryDirectory(), 4096);
    for (const outcome of [succeeded, ...FAILURE_CLASSES.map(failed)]) {
      expect(requireRoom(outcome, attempt)).toBe(outcome);
    }
    expect(readdirSync(attempt.runDirectory)).toEqual(['stdout']);
  });
});

describe.skipIf(!MAY_MOUNT)('without free space (needs root, to mount a small disk)', () => {
  function full(outputBytes = 100) {
    const disk = smallDisk(1);
    const attempt = attemptIn(disk.folder, outputBytes);
    disk.fill();
    return attempt;
  }

  test('a failure is attributed to the disk unless it has another cause, and usage is kept', () => {
    const attempt = full();
    for (const failureClass of FAILURE_CLASSES) {
      const check = () => requireRoom(failed(failureClass), attempt);
      if (OWN.includes(failureClass)) expect(check().ok).toBe(false);
      else expect(check).toThrow(expect.objectContaining({ code: 'ENOSPC', usage: { costUsd: 0.25 } }));
    }
  });

  test.each([
    [0, 'cut'],
    [4096, 'cut'],
    [40_960, 'cut'],
    [1, 'whole'],
    [4095, 'whole'],
    [10_000, 'whole'],
  ])('a success with %i bytes of output counts as %s', (bytes, expected) => {
    const attempt = full(bytes);
    const check = () => requireRoom(succeeded, attempt);
    if (expected === 'cut') expect(check).toThrow(NoRoomError);
    else expect(check()).toBe(succeeded);
  });

  test.each([
    [8192, '', true],
    [0, '', true],
    [8192, 'it said why', false],
    [8000, '', false],
  ])(
    'a failure with %i bytes of output and message "%s" is attributed to a nearly full disk: %s',
    (bytes, said, cut) => {
      const attempt = attemptIn(smallDisk(2).folder, bytes);
      writeFileSync(join(attempt.runDirectory, 'stderr'), said);
      const check = () => requireRoom(failed('agent_error'), attempt);
      if (cut) expect(check).toThrow(NoRoomError);
      else expect(check().ok).toBe(false);
    },
  );

  test('a failure is attributed to a full disk of the output directory, too', () => {
    const { runDirectory } = attemptIn(temporaryDirectory(), 10);
    const { outputDirectory } = full();
    expect(() => requireRoom(failed('agent_error'), { runDirectory, outputDirectory })).toThrow(outputDirectory);
  });
});

test('missing directories keep their own errors', () => {
  const gone = join(temporaryDirectory(), 'gone');
  const outcome = failed('agent_error');
  expect(requireRoom(outcome, { runDirectory: gone, outputDirectory: gone })).toBe(outcome);
});
