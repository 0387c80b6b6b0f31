/** How many idle connections every proxy is given to hold. */
export const IDLE_CONNECTIONS = idleConnections(10_000);

/** So many, or as many as this machine lets a proxy hold, which needs two descriptors for each, and some for itself. */
function idleConnections(wanted: number): number {
  const { userLimits } = process.report.getReport() as { userLimits: { open_files: { hard: string } } };
  const descriptors = Number(userLimits.open_files.hard);
  const room = Math.floor((descriptors - 1_000) / 2_000) * 1_000;
  return Number.isNaN(room) ? wanted : Math.min(wanted, room);
}
