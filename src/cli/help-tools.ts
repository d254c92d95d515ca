/** What stands below the options of commands that are tools of their own: echo, explain, doctor, clean. */

export const ECHO_HELP = `Backends: sync (a thread a connection), epoll, epoll+edge, io_uring, and with it +defer_taskrun, +multishot, +bundles, +zerocopy, +sqpoll. Client and server are processes of their own; requests/s, round trips, and what the server alone uses for a request. docs/OPERATIONS.md says what is measured, and how.

Examples:
  uring-bench echo
  uring-bench echo --transport unix --backend epoll,io_uring+multishot --pipeline 8
  uring-bench echo --connections 100 --request-rate 50000
  uring-bench echo --listen 10.0.0.2:7000
  uring-bench echo --connect 10.0.0.2:7000 --connections 100

Exit codes: as of a run; also 3 when an answer was not what had been sent.`;

export const EXPLAIN_HELP = `The command has its own terminal, signals and exit code; processes that it starts are looked at, too. The report goes to standard error, or to --output. docs/EXPLAIN.md has what each figure means.

Examples:
  uring-bench explain -- fio --name=x --rw=randread --size=64m --ioengine=psync
  uring-bench explain --explain=full --output why.json --output-format json -- ./server
  uring-bench show results/2026-11-30T14-46-17Z-explain-fio.json

Exit codes: of the command, 128 and the signal's number where one ended it; 127 it is not there, 126 it cannot be run; before it begins 2 wrong usage, 4 it cannot be traced here.`;

export const DOCTOR_HELP = `Each line says ok, warning or missing, what it means, and the command that mends it; docs/TUNING.md explains each. PATH is a file, a folder, a device, or where a file is going to be; without it the machine alone is looked at. Nothing is written. What it finds is also kept with every run.

Examples:
  uring-bench doctor
  uring-bench doctor /dev/nvme0n1
  uring-bench doctor . --output-format json

Exit codes: 0 whatever it finds, 2 wrong usage.`;

export const CLEAN_HELP = `A run that is killed (SIGKILL, the OOM killer, a loss of power) cannot take its files back; the next run in their folder, or this command, does. Only what that run wrote down that it made goes, if it is that still and the run has ended: docs/CLEAN.md. Without DIR it is the current folder; of each its results folder, too, but nothing else below it.

Examples:
  uring-bench clean
  uring-bench clean --dry-run /mnt/nvme

Exit codes: 0 nothing of a killed run is left, 2 wrong usage, 3 something could not be removed.`;
