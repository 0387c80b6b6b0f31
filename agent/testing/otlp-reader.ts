import * as z from 'zod';

/**
 * Reads OTLP/JSON as a collector does: by opentelemetry-proto 1.x (`trace.proto`, `logs.proto`, `common.proto`, `resource.proto`) and the
 * JSON mapping of the OTLP specification: lowerCamelCase names, ids as hex, 64-bit integers as decimal text, enums as numbers. Unlike
 * one it refuses fields that it does not know.
 */
const nanos = z
  .string()
  .regex(/^\d{1,19}$/)
  .transform(BigInt);
const traceId = z.string().regex(/^[0-9a-f]{32}$/);
const spanId = z.string().regex(/^[0-9a-f]{16}$/);
const anyValue = z.union([
  z.strictObject({ stringValue: z.string() }).transform(({ stringValue }) => stringValue),
  z.strictObject({ boolValue: z.boolean() }).transform(({ boolValue }) => boolValue),
  z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }).transform(({ intValue }) => BigInt(intValue)),
  z.strictObject({ doubleValue: z.number() }).transform(({ doubleValue }) => doubleValue),
]);
const attributes = z
  .array(z.strictObject({ key: z.string().min(1), value: anyValue }))
  .refine((list) => new Set(list.map(({ key }) => key)).size === list.length, 'a key is there twice')
  .transform((list) => Object.fromEntries(list.map(({ key, value }) => [key, value])));
const resource = z.strictObject({ attributes }).transform((read) => read.attributes);
const scope = z.strictObject({ name: z.string(), version: z.string() });

const logRecord = z.strictObject({
  timeUnixNano: nanos,
  observedTimeUnixNano: nanos,
  severityNumber: z.int().min(1).max(24),
  severityText: z.string(),
  eventName: z.string(),
  body: anyValue,
  attributes,
  traceId: traceId.optional(),
  spanId: spanId.optional(),
  flags: z.int().optional(),
});
const span = z.strictObject({
  traceId,
  spanId,
  parentSpanId: spanId.optional(),
  flags: z.int(),
  name: z.string().min(1),
  kind: z.int().min(0).max(5),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
  status: z.strictObject({ code: z.int().min(0).max(2).optional(), message: z.string().optional() }),
});

const logsRequest = z.strictObject({
  resourceLogs: z.array(
    z.strictObject({
      resource,
      scopeLogs: z.array(z.strictObject({ scope, logRecords: z.array(logRecord) })),
    }),
  ),
});
const tracesRequest = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({ resource, scopeSpans: z.array(z.strictObject({ scope, spans: z.array(span) })) }),
  ),
});

/** The log records of an `ExportLogsServiceRequest`, each with its resource. */
export const readLogs = (body: string) =>
  logsRequest
    .parse(JSON.parse(body))
    .resourceLogs.flatMap(({ resource, scopeLogs }) =>
      scopeLogs.flatMap(({ logRecords }) => logRecords.map((record) => ({ ...record, resource }))),
    );

/** The spans of an `ExportTraceServiceRequest`, each with its resource. */
export const readSpans = (body: string) =>
  tracesRequest
    .parse(JSON.parse(body))
    .resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) => spans.map((read) => ({ ...read, resource }))),
    );
