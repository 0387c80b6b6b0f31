const PATIENCE_MS = 30_000;
const PAUSE_MS = 50;

/** Waits for an expectation to hold; fails as it fails when patience is over. */
export async function eventually(expectation: () => void): Promise<void> {
  await eventuallyAsync(async () => expectation());
}

/** The same for one that takes its time. */
export async function eventuallyAsync(expectation: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; ; ) {
    try {
      return await expectation();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
