const same = (bytes) => bytes;

const method = (name, requestStream, responseStream) => ({
  path: `/shop.v1.Orders/${name}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

/** What client and server have in common. */
export const SERVICE = {
  Unary: method('Unary', false, false),
  Fail: method('Fail', false, false),
  Never: method('Never', false, false),
  Watch: method('Watch', false, true),
  Endless: method('Endless', false, true),
  Upload: method('Upload', true, false),
  Chat: method('Chat', true, true),
};
