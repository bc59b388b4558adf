/**
 * Shell script that runs the program and writes its exit status to disk, so that it survives the executor. It leads the
 * process group (detached spawn = setsid). It first creates the pid file, which is possible only once: if the attempt
 * has been sealed or started by another shim, it exits without the program. Descriptor 3 is the exit file, closed for
 * the program. Traps are reset in the program, so only the shim survives SIGTERM and records how the program reacted;
 * an earlier signal prevents the program from starting. The program is passed as positional parameters, never as shell
 * text. A status without newline is a partially written file.
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

/** Read once at load: reading the umask sets it for a moment, in which another file could be created. */
// oxlint-disable-next-line typescript/no-deprecated -- Node has no other way
const UMASK = process.umask().toString(8);

export const SHELL = '/bin/sh';

/** Arguments of the shell that runs `argv` with descriptors 0, 1, 2 and leaves its exit status on descriptor 3. */
export function shimArguments(pidFile: string, argv: readonly string[]): string[] {
  return ['-c', SCRIPT, 'abp-attempt', pidFile, UMASK, ...argv];
}
