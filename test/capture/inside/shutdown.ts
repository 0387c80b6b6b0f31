import koffi from 'koffi';

const shutdown: (fd: number, how: number) => number = koffi.load(null).func('int shutdown(int fd, int how)');

/** What a hostile holder of a shared listening socket can do to all the others. */
export function shutdownSync(fd: number): void {
  if (shutdown(fd, 2) !== 0) throw new Error(`shutdown of ${fd} failed`);
}
