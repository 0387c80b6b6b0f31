/** The little of `http-proxy` that we call; its own types are a package that nothing else here needs. */
declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http';

  interface Proxy {
    web(request: IncomingMessage, response: ServerResponse): void;
    on(
      event: 'error',
      listener: (error: Error, request: IncomingMessage, response: ServerResponse) => void,
    ): void;
  }
  const httpProxy: {
    createProxyServer(options: { target: string | undefined; agent: Agent }): Proxy;
  };
  // biome-ignore lint/style/noDefaultExport: that is how the package exports it
  export default httpProxy;
}
