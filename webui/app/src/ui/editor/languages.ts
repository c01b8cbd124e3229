/** What the texts of this console are written in. */
import { yaml } from '@codemirror/lang-yaml';
import { StreamLanguage } from '@codemirror/language';
import { diff } from '@codemirror/legacy-modes/mode/diff';
import { shell } from '@codemirror/legacy-modes/mode/shell';
import type { Extension } from '@codemirror/state';

export type Written = 'shell' | 'sls' | 'diff' | 'plain';

const KNOWN: Record<Written, () => Extension> = {
  shell: () => StreamLanguage.define(shell),
  diff: () => StreamLanguage.define(diff),
  sls: () => yaml(),
  plain: () => [],
};

export function languageOf(language: Written | undefined): Extension {
  return KNOWN[language ?? 'plain']();
}
