export interface HostProcess {
  readonly port: number;
  /** Ends the process and waits until it is gone. */
  close(): Promise<void>;
  /** Why it ended by itself, for people. */
  readonly ended: Promise<string>;
}
