import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverFile } from './topology.ts';

/** A directory for the servers and clients of one test file; pods see the machine's files. */
export class Files implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'eastwall-files-'));

  join(...names: string[]): string {
    return join(this.path, ...names);
  }

  write(name: string, content: string | Uint8Array): string {
    mkdirSync(join(this.path, name, '..'), { recursive: true });
    writeFileSync(this.join(name), content);
    return this.join(name);
  }

  /** A file of bytes that neither repeat nor compress, the same in every run; returns its SHA-256. */
  noise(name: string, bytes: number): string {
    const file = openSync(this.write(name, ''), 'w');
    const hash = createHash('sha256');
    for (let at = 0; at < bytes; at += BLOCK) {
      const block = noise(at).subarray(0, bytes - at);
      hash.update(block);
      writeSync(file, block);
    }
    closeSync(file);
    return hash.digest('hex');
  }

  /** What nginx needs beside its configuration, which is returned. */
  nginx(): string {
    mkdirSync(this.join('files', 'dav'), { recursive: true });
    const subject = ['-subj', '/CN=web.apps', '-addext', 'subjectAltName=DNS:web.apps'];
    const pair = ['-keyout', this.join('key.pem'), '-out', this.join('cert.pem')];
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', ['req', '-x509', ...curve, ...subject, ...pair, '-days', '2'], {
      stdio: 'ignore',
    });
    copyFileSync(serverFile('nginx.conf'), this.join('nginx.conf'));
    return this.join('nginx.conf');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const BLOCK = 1 << 20;
const KEY = Buffer.alloc(16, 'eastwall');

/** A block of key stream: as good as random, and made again from its position. */
function noise(position: number): Buffer {
  const counter = Buffer.alloc(16);
  // In the upper half, so that no two blocks share a piece of the stream.
  counter.writeUInt32BE(position / BLOCK);
  const cipher = createCipheriv('aes-128-ctr', KEY, counter);
  return cipher.update(Buffer.alloc(BLOCK));
}
