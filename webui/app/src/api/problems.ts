/** Refusals of the API (RFC 9457) as errors, told in the user's language by their stable code. */
import type { TFunction } from 'i18next';

export interface FieldProblem {
  pointer?: string;
  parameter?: string;
  detail: string;
}

export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly remedy: string;
  readonly requestId: string;
  readonly fields: readonly FieldProblem[];
  readonly retryAfter: number | null;

  constructor(about: {
    status: number;
    code: string;
    detail?: string;
    remedy?: string;
    requestId?: string;
    fields?: readonly FieldProblem[];
    retryAfter?: number | null;
  }) {
    super(about.detail ?? about.code);
    this.status = about.status;
    this.code = about.code;
    this.remedy = about.remedy ?? '';
    this.requestId = about.requestId ?? '';
    this.fields = about.fields ?? [];
    this.retryAfter = about.retryAfter ?? null;
  }

  /** Whether the same request may simply be made again. */
  get passes(): boolean {
    return this.status === 0 || this.status === 503 || this.status === 429;
  }
}

/** What the API has answered, or that it has not answered, as a Problem. */
export function problemOf(error: unknown, response?: Response): unknown {
  if (error instanceof Problem) return error;
  if (error instanceof DOMException && error.name === 'AbortError') return error;
  if (!response) return new Problem({ status: 0, code: 'offline' });
  const body = isRecord(error) ? error : {};
  return new Problem({
    status: response.status,
    code: text(body.code) || 'unknown',
    detail: text(body.detail),
    remedy: text(body.remedy),
    requestId: text(body.instance) || (response.headers.get('X-Request-Id') ?? ''),
    fields: Array.isArray(body.errors) ? body.errors.filter(isFieldProblem) : [],
    retryAfter: Number(response.headers.get('Retry-After')) || null,
  });
}

/** A part of the page is not on the server any more: it has been upgraded since the page began. */
export class Renewed extends Error {
  override readonly name = 'Renewed';
}

export interface Told {
  title: string;
  detail: string;
  remedy: string;
  /** Of detail and remedy, where they are the server's own sentences. */
  lang?: 'en';
}

/** The sentence for the code; what the server says in its own words comes below it. */
export function told(t: TFunction, error: unknown): Told {
  if (error instanceof Renewed) {
    return { title: t('problem.newer'), detail: '', remedy: t('problem.newer_words') };
  }
  if (!(error instanceof Problem)) {
    return { title: t('problem.page_broken'), detail: '', remedy: t('problem.reload') };
  }
  const known = t(`problem.${error.code}`, { defaultValue: '' });
  const detail = known ? specific(error) : '';
  return { title: known || error.message, detail, remedy: error.remedy, lang: 'en' };
}

// Where the code alone says it all, the server's English sentence would only repeat it.
const SAY_MORE = new Set([
  'conflict',
  'invalid',
  'halted',
  'archive_refused',
  'unreadable',
  'busy',
]);

function specific(error: Problem): string {
  return SAY_MORE.has(error.code) && error.message !== error.code ? error.message : '';
}

/** What is wrong with each field of a form, by its name: `#/severity` is `severity`. */
export function fieldErrors(error: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const one of error instanceof Problem ? error.fields : []) {
    const name = one.pointer?.replace(/^#\//, '') ?? one.parameter;
    if (name) found[name] = found[name] ? `${found[name]} ${one.detail}` : one.detail;
  }
  return found;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isFieldProblem(value: unknown): value is FieldProblem {
  return isRecord(value) && typeof value.detail === 'string';
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
