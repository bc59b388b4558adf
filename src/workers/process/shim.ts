/**
 * Stands between the executor and the program, so that the exit status reaches the disk even when the executor is gone.
 * It leads the process group (detached spawn = setsid). It begins by making the pid file, which can be made once: if the
 * attempt has been sealed meanwhile, or begun by another shim, it ends without the program. Descriptor 3 is the exit file,
 * kept from the program. Traps are reset in the program, so only the shim outlives a TERM: it must live to write how the
 * program took it, and one that comes earlier keeps the program from starting. The program is positional parameters, never
 * shell text. A status without its newline is a half-written file.
 */
const SCRIPT = `abp_stopped=
trap abp_stopped=1 TERM INT HUP
umask 077
set -C
true >"$1" || exit 143
set +C
umask "$2"
printf '%s\\n' "$$" >"$1"
shift 2
[ -z "$abp_stopped" ] || exit 143
"$@" 3>&-
code=$?
printf '%s\\n' "$code" >&3
exit "$code"`;

/** To read it sets it for a moment: done once, before anything else could make a file meanwhile. */
// oxlint-disable-next-line typescript/no-deprecated -- Node has no other way
const UMASK = process.umask().toString(8);

export const SHELL = '/bin/sh';

/** Arguments of the shell that runs `argv` with descriptors 0, 1, 2 and leaves its exit status on descriptor 3. */
export function shimArguments(pidFile: string, argv: readonly string[]): string[] {
  return ['-c', SCRIPT, 'abp-attempt', pidFile, UMASK, ...argv];
}
