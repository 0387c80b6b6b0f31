const PATIENCE_MS = 40_000;
const PAUSE_MS = 20;

/** Waits for an expectation to hold; fails as it fails when patience is over. */
export async function eventually(expectation: () => void): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; ; ) {
    try {
      return expectation();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
