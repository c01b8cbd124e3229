/** What the server says is wrong with a text, on the line where it is. */

export interface Complaint {
  /** From 1 on; the first one where no line is named. */
  line: number;
  message: string;
}

const NAMED = /\bline (\d{1,6})\b/;

/** One complaint a line, such as `line 3: …` or `is not what sh understands: line 5: …`. */
export function complaintsOf(wrong: string | undefined): readonly Complaint[] {
  const lines = (wrong ?? '').split('\n').filter((line) => line.trim());
  return lines.map((message) => ({ line: Number(NAMED.exec(message)?.[1] ?? 1), message }));
}
