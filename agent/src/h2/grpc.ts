/** What policy knows about a gRPC call; from a path of the form `/package.Service/Method`. */
export interface GrpcMethod {
  readonly service: string;
  readonly method: string;
}

const GRPC = 'application/grpc';
const PLUS = 0x2b;
const SEMICOLON = 0x3b;

/** `application/grpc`, with any encoding (`+proto`) and parameters; not `application/grpc-web`, which is plain HTTP. */
export function isGrpc(contentType: string): boolean {
  if (!contentType.startsWith(GRPC)) return false;
  const next = contentType.charCodeAt(GRPC.length);
  return Number.isNaN(next) || next === PLUS || next === SEMICOLON;
}

/** Null when the path is none of a gRPC method. */
export function grpcMethodOf(path: string): GrpcMethod | null {
  const slash = path.indexOf('/', 1);
  if (slash <= 1 || slash === path.length - 1 || path.indexOf('/', slash + 1) >= 0) return null;
  return { service: path.slice(1, slash), method: path.slice(slash + 1) };
}

/** The form of `grpc-message`: printable ASCII, the rest percent-encoded as UTF-8 (gRPC over HTTP/2, "Responses"). */
export function grpcMessage(text: string): string {
  return text.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]/gu, (char) => encodeURIComponent(char));
}
