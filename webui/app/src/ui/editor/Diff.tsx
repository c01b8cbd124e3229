/** Two texts side by side with what differs: what is there now, and what one wants. */
import { MergeView } from '@codemirror/merge';
import { EditorState, type Extension } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { colorBackgroundItemSelected, colorTextBodySecondary } from '@/ui/tokens';
import { nonceOfPage, rescueTheme } from './look';

interface Props {
  before: string;
  after: string;
  labels: readonly [string, string];
}

function shown(label: string, folded: string): Extension {
  return [
    EditorView.cspNonce.of(nonceOfPage()),
    lineNumbers(),
    rescueTheme,
    EditorView.lineWrapping,
    EditorState.readOnly.of(true),
    EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
    EditorState.phrases.of({ '$ unchanged lines': folded }),
    // The signs of the library are in none of our faces.
    EditorView.theme({
      '.cm-collapsedLines::before, .cm-collapsedLines::after': { content: '""' },
      '.cm-collapsedLines': {
        background: colorBackgroundItemSelected,
        color: colorTextBodySecondary,
        fontFamily: 'var(--face, sans-serif)',
      },
    }),
  ];
}

export default function Diff({ before, after, labels: [left, right] }: Props) {
  const { t } = useTranslation();
  const place = useRef<HTMLDivElement>(null);
  const folded = t('diff.folded');
  useEffect(() => {
    if (!place.current) return;
    const view = new MergeView({
      parent: place.current,
      a: { doc: before, extensions: shown(left, folded) },
      b: { doc: after, extensions: shown(right, folded) },
      collapseUnchanged: { margin: 3 },
    });
    return () => view.destroy();
  }, [before, after, left, right, folded]);
  return <div ref={place} className="diff" />;
}
