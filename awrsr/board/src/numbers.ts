/** How numbers are written. */

/** In a cell or a bar: two digits, no zero before the point. */
export function short(value: number, signed = false): string {
  if (signed && Math.abs(value) < 0.005) return value ? "\u22480" : "0";
  const sign = signed && value > 0 ? "+" : "";
  return (sign + value.toFixed(2).replace(/^(-?)0\./, "$1.")).replace("+0.", "+.");
}

/** Of an effect: three digits that count, with its sign. */
export function signed(value: number): string {
  const text = Math.abs(value) < 0.0005 ? "0" : value.toPrecision(Math.abs(value) < 1 ? 2 : 3);
  return value > 0 ? `+${text}` : text.replace("-", "\u2212");
}

/** In times an even row: two digits at most. */
export const shortTimes = (times: number): string => times.toFixed(times < 9.95 ? 1 : 0);

/** Read out: four digits, a dash where there is no cell. */
export const digits = (value: number): string =>
  Number.isNaN(value) ? "\u2013" : value.toFixed(4);

/** Read out, of a difference. */
export const signedDigits = (value: number): string => (value > 0 ? "+" : "") + value.toFixed(4);

/** A mark of a scale that ends at `most`. */
export function tick(share: number, most: number, signed: boolean): string {
  const value = share * most;
  const sign = signed && share > 0 ? "+" : "";
  if (share === 0) return "0";
  if (most >= 10) return sign + value.toFixed(0);
  return sign + (most >= 1 ? String(Number(value.toFixed(2))) : value.toPrecision(2));
}
