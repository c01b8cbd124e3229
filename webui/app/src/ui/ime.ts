/** Enter that ends a syllable of Korean or Japanese is no Enter: every key handler of ours asks here. */

interface KeyLike {
  isComposing?: boolean;
  keyCode?: number;
  nativeEvent?: { isComposing?: boolean };
}

const PROCESSED_BY_IME = 229;

export function isComposing(event: KeyLike): boolean {
  return Boolean(
    event.isComposing || event.nativeEvent?.isComposing || event.keyCode === PROCESSED_BY_IME,
  );
}
