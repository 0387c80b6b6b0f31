import type { KubeObject } from '../object.ts';
import type { StatusError } from '../status-error.ts';

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface ApiRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly accept: string;
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly user: User;
}

/** Where a watch's events go; `end` closes the stream in good order. */
export interface WatchSink {
  event(event: WatchEvent): void;
  end(): void;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

export type ApiReply =
  | {
      readonly kind: 'json';
      readonly code: number;
      readonly body: unknown;
      readonly contentType?: string;
      /** Shown to the user by clients, one `Warning` header each. */
      readonly warnings?: readonly string[];
    }
  | { readonly kind: 'bytes'; readonly contentType: string; readonly body: Uint8Array }
  | { readonly kind: 'error'; readonly error: StatusError }
  /** `start` returns what stops the watch. */
  | { readonly kind: 'watch'; readonly start: (sink: WatchSink) => () => void };

export const json = (code: number, body: unknown, warnings: readonly string[] = []): ApiReply => ({
  kind: 'json',
  code,
  body,
  warnings,
});

export const failure = (error: StatusError): ApiReply => ({ kind: 'error', error });

export const text = (body: string): ApiReply => ({
  kind: 'bytes',
  contentType: 'text/plain; charset=utf-8',
  body: new TextEncoder().encode(body),
});

/** The object as a request's version of its resource shows it. */
export const atVersion = (object: KubeObject, apiVersion: string): KubeObject =>
  object.apiVersion === apiVersion ? object : { ...object, apiVersion };
