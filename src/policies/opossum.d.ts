// The types published for opossum describe version 8; these are the parts of version 10 that we use.
declare module "opossum" {
  import type { EventEmitter } from "node:events";

  export interface CircuitOptions {
    readonly timeout: false;
    readonly resetTimeout: number;
    readonly errorThresholdPercentage: number;
    readonly rollingPercentilesEnabled: false;
    readonly enableSnapshots: false;
    readonly rotateBucketController: EventEmitter;
    readonly state?: { readonly closed: boolean; readonly halfOpen: boolean };
  }

  export default class CircuitBreaker extends EventEmitter {
    constructor(action: (run: () => Promise<void>) => Promise<void>, options: CircuitOptions);
    fire(run: () => Promise<void>): Promise<void>;
    readonly closed: boolean;
    readonly opened: boolean;
    readonly halfOpen: boolean;
    shutdown(): void;
  }
}
