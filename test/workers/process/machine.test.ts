import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { type MachineFacts, machineId, nameMachine } from '../../../src/workers/process/machine.ts';

/** A machine with these files, and what ioreg says on it. */
function machine(files: Record<string, string>, more: Partial<MachineFacts> = {}): string {
  return nameMachine({
    platform: 'linux',
    hostname: 'host',
    read: (path) => files[path] ?? null,
    run: () => null,
    ...more,
  });
}

const ID = '/etc/machine-id';
const DBUS_ID = '/var/lib/dbus/machine-id';
const mac = (uuid: string, name = 'host') =>
  machine(
    {},
    { platform: 'darwin', hostname: name, run: () => `  "IOPlatformUUID" = "${uuid}"\n  "model" = <"Mac14,9">\n` },
  );

describe('the machine id', () => {
  test('is a short, stable hash', () => {
    expect(machineId()).toMatch(/^[0-9a-f]{32}$/);
    expect(machineId()).toBe(machineId());
    expect(machine({ [ID]: 'a' })).toBe(machine({ [ID]: 'a' }));
    expect(machineId()).not.toContain(hostname());
  });

  test.each<[string, string, string]>([
    ['machines of one host name', machine({ [ID]: 'a' }), machine({ [ID]: 'b' })],
    ['containers and clones of one image', machine({ [ID]: 'a' }), machine({ [ID]: 'a' }, { hostname: 'other' })],
    ['containers without an id', machine({ [ID]: '' }), machine({ [ID]: '' }, { hostname: 'other' })],
    ['machines that have no id', machine({}), machine({}, { hostname: 'other' })],
    ['Macs of one host name', mac('A'), mac('B')],
  ])('differs for two %s', (_, one, other) => {
    expect(one).not.toBe(other);
  });

  test('uses the D-Bus file if machine-id is missing or empty', () => {
    expect(machine({ [DBUS_ID]: 'a' })).toBe(machine({ [ID]: 'a' }));
    expect(machine({ [ID]: '', [DBUS_ID]: 'a' })).toBe(machine({ [ID]: 'a' }));
    expect(machine({ [ID]: 'a', [DBUS_ID]: 'b' })).toBe(machine({ [ID]: 'a' }));
  });

  test('on macOS uses the UUID, and the host name without one', () => {
    expect(mac('A', 'at-home')).toBe(mac('A', 'at-work'));
    expect(machine({}, { platform: 'darwin' })).not.toBe(machine({}, { platform: 'darwin', hostname: 'other' }));
  });
});
