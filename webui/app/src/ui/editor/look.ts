/** How editors look: the colours of the kit, so that they are right in the dark, too. */
import {
  colorBackgroundInputDefault,
  colorBackgroundItemSelected,
  colorBorderDividerDefault,
  colorTextBodyDefault,
  colorTextBodySecondary,
} from '@/ui/tokens';
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

/** The nonce that the server has given this page for its styles. */
export function nonceOfPage(): string {
  return document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
}

const colours = HighlightStyle.define([
  { tag: tags.comment, class: 'tok-comment' },
  { tag: [tags.string, tags.special(tags.string)], class: 'tok-string' },
  { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword], class: 'tok-keyword' },
  { tag: [tags.number, tags.bool, tags.atom], class: 'tok-number' },
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], class: 'tok-name' },
  { tag: [tags.variableName, tags.standard(tags.variableName)], class: 'tok-variable' },
  { tag: tags.inserted, class: 'tok-inserted' },
  { tag: tags.deleted, class: 'tok-deleted' },
]);

export const rescueTheme = [
  syntaxHighlighting(colours),
  EditorView.theme({
    '&': {
      color: colorTextBodyDefault,
      backgroundColor: colorBackgroundInputDefault,
      border: `1px solid ${colorBorderDividerDefault}`,
      borderRadius: '8px',
      fontSize: '13px',
    },
    '.cm-content': { caretColor: colorTextBodyDefault },
    '.cm-gutters': {
      backgroundColor: colorBackgroundInputDefault,
      color: colorTextBodySecondary,
      border: 'none',
    },
    '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
    '.cm-selectionBackground, ::selection': {
      backgroundColor: `${colorBackgroundItemSelected} !important`,
    },
    '.cm-panels': { backgroundColor: colorBackgroundInputDefault, color: colorTextBodyDefault },
    '.cm-cursor': { borderLeftColor: colorTextBodyDefault },
  }),
];
