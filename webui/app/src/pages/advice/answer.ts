/** What the model was sent and what it said, read from JSON that was written elsewhere: nothing of it is trusted to be there. */

export interface Quote {
  id: string;
  quote: string;
}

export interface Answer {
  diagnosis: string;
  confidence: string;
  evidence: readonly Quote[];
  kind: string;
  /** The fields of what it proposes, in its order, but for its kind and its text. */
  facts: readonly (readonly [string, string])[];
  solution: string;
  solutionKind: string;
}

export interface Piece {
  id: string;
  title: string;
  text: string;
}

export interface Question {
  message: string;
  evidence: readonly Piece[];
  /** Titles of what it could choose from. */
  offered: readonly string[];
}

type Values = Record<string, unknown>;

function values(found: unknown): Values {
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as Values)
    : {};
}

function parsed(text: string | null): Values | null {
  try {
    const found: unknown = JSON.parse(text ?? '');
    return typeof found === 'object' && found !== null ? values(found) : null;
  } catch {
    return null;
  }
}

function text(found: unknown): string {
  if (typeof found === 'string') return found;
  return found === undefined || found === null ? '' : JSON.stringify(found);
}

function rows(found: unknown): Values[] {
  return Array.isArray(found) ? found.map(values) : [];
}

const APART = new Set(['kind', 'solution', 'solution_kind']);

/** The answer for people, or null where it has not the shape of one. */
export function readAnswer(json: string | null): Answer | null {
  const found = parsed(json);
  if (!found || typeof found.diagnosis !== 'string') return null;
  const action = values(found.action);
  return {
    diagnosis: found.diagnosis,
    confidence: text(found.confidence),
    evidence: rows(found.evidence).map((one) => ({ id: text(one.id), quote: text(one.quote) })),
    kind: text(action.kind),
    facts: Object.entries(action)
      .filter(([name]) => !APART.has(name))
      .map(([name, value]) => [name, text(value)] as const)
      .filter(([, value]) => value !== ''),
    solution: text(action.solution),
    solutionKind: text(action.solution_kind),
  };
}

/** The question for people, or null where it has not the shape of one. */
export function readQuestion(json: string | null): Question | null {
  const found = parsed(json);
  if (!found) return null;
  const message = text(values(found.event).message);
  const evidence = rows(found.evidence).map((one) => ({
    id: text(one.id),
    title: text(one.title),
    text: text(one.text),
  }));
  if (!message && !evidence.length) return null;
  const runbooks = rows(found.runbooks).map((one) => text(one.title));
  const commands = rows(found.commands).map((one) => text(one.name ?? one.command_name));
  return { message, evidence, offered: [...runbooks, ...commands].filter(Boolean) };
}

/** The same JSON with its lines indented; what is none stays as it is. */
export function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
