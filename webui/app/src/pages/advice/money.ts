/** Money of the model: the ledger keeps millionths of a US dollar, so that nothing is rounded away. */
import { useNumberWords } from '../dashboard/numbers';

export function useMoney(): (micros: number) => string {
  const number = useNumberWords();
  return (micros) => {
    // A call costs cents: two digits would say that it was for nothing.
    const digits = micros > 0 && micros < 1_000_000 ? 4 : 2;
    return number(micros / 1_000_000, {
      style: 'currency',
      currency: 'USD',
      minimumFractionDigits: 2,
      maximumFractionDigits: digits,
    });
  };
}
