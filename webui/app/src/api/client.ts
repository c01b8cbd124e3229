/** The generated client with our session and our errors; everybody imports the API from here. */
import { sessions } from '@/auth/current';
import { client } from './generated/client.gen';
import { problemOf } from './problems';

client.setConfig({
  baseUrl: location.origin,
  fetch: ((request: Request) => sessions.fetch(request)) as typeof fetch,
  throwOnError: true,
});
client.interceptors.error.use((error, response) => problemOf(error, response));

export * from './generated';
