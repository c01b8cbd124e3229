import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** The kit's global styles carry eight faces of Open Sans as data; this console brings its own fonts. */
function withoutInlinedFaces(): Plugin {
  return {
    name: 'without-inlined-faces',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('global-styles/index.css')) return null;
      return { code: code.replaceAll(/@font-face\s*\{[^}]*\}/g, ''), map: null };
    },
  };
}

/** Whoever serves the files need not pack them for each browser: they lie there packed, too. */
function packed(): Plugin {
  return {
    name: 'packed',
    apply: 'build',
    writeBundle({ dir = '' }) {
      for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
        const file = join(entry.parentPath, entry.name);
        if (/\.(js|css|svg)$/.test(file)) {
          writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
        }
      }
    },
  };
}

export default defineConfig({
  plugins: [withoutInlinedFaces(), react(), packed()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  // Whoever serves index.html puts the nonce of the response in the place of this word.
  html: { cspNonce: '__CSP_NONCE__' },
  build: { assetsInlineLimit: 0, chunkSizeWarningLimit: 1500, manifest: true, sourcemap: false },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': process.env.RESCUE_API ?? 'http://127.0.0.1:5000' },
  },
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.{ts,tsx}'],
    setupFiles: ['tests/setup.ts'],
    server: { deps: { inline: [/@cloudscape-design/] } },
    testTimeout: 20_000,
  },
});
