/** Versions of the documents that this tool writes: apart from their schemas, which bring a validator with them. */
export const SCHEMA_VERSION = 2;
export const SWEEP_VERSION = 2;
export const BASELINE_VERSION = 1;
export const COMPARISON_SCHEMA_VERSION = 1;
export const ECHO_VERSION = 1;
export const EXPLANATION_VERSION = 1;
export const EVALUATION_VERSION = 1;
