/** The kinds of values that schemas are made of. */
import { type TSchema, Type } from '@sinclair/typebox';

/** No other members than those that are named. */
export const strict = { additionalProperties: false };
/** A whole number, zero or more. */
export const count = (description?: string) =>
  Type.Integer({ minimum: 0, ...(description ? { description } : {}) });
/** A number, zero or more. */
export const amount = (description?: string) =>
  Type.Number({ minimum: 0, ...(description ? { description } : {}) });
export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
