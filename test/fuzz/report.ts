export interface FuzzTask {
  readonly name: string;
  readonly seed: number;
  /** Epoch milliseconds. */
  readonly until: number;
  /** Inputs begun, the length of the present one (32 bits each), and its bytes. */
  readonly shared: SharedArrayBuffer;
}

export interface FuzzReport {
  readonly runs: number;
  readonly labels: number;
  readonly broken: { readonly input: Uint8Array; readonly error: string } | undefined;
}
