import { defineConfig } from '@hey-api/openapi-ts';

// The document is the one that the API commits; `npm run api` must leave no difference behind.
export default defineConfig({
  input: process.env.RESCUE_OPENAPI ?? '../api/openapi.json',
  output: { path: 'src/api/generated' },
  plugins: [
    { name: '@hey-api/client-fetch', throwOnError: true, baseUrl: '' },
    '@hey-api/typescript',
    '@hey-api/sdk',
  ],
});
