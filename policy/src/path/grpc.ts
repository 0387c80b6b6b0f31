import type { GrpcSelector } from '../model/policy.ts';

// gRPC over HTTP/2, "Requests": `:method` is POST and `:path` is `/service/method`.

/** HTTP method of every gRPC call. */
export const GRPC_METHOD = 'POST';

/** The path template that takes the selected calls. */
export function grpcTemplate({ service, method }: GrpcSelector): string {
  return `/${service}/${method ?? '{method}'}`;
}
