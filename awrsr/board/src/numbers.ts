/** Formats of numbers. */

/** In a cell or a bar: two digits, no zero before the point. */
export function short(value: number, signed = false): string {
  if (signed && Math.abs(value) < 0.005) return value ? "\u22480" : "0";
  const sign = signed && value > 0 ? "+" : "";
  return (sign + value.toFixed(2).replace(/^(-?)0\./, "$1.")).replace("+0.", "+.");
}

/** An effect: three significant digits, with its sign. */
export function signed(value: number): string {
  const text = Math.abs(value) < 0.0005 ? "0" : value.toPrecision(Math.abs(value) < 1 ? 2 : 3);
  return value > 0 ? `+${text}` : text.replace("-", "\u2212");
}

/** A multiple of an even row: at most two digits. */
export const shortTimes = (times: number): string => times.toFixed(times < 9.95 ? 1 : 0);

/** In a description: four digits, a dash if there is no cell. */
export const digits = (value: number): string =>
  Number.isNaN(value) ? "\u2013" : value.toFixed(4);

/** A difference in a description. */
export const signedDigits = (value: number): string => (value > 0 ? "+" : "") + value.toFixed(4);

/** The label of a tick on a scale that ends at `end`. */
export function tick(share: number, end: number, signed: boolean): string {
  const value = share * end;
  const sign = signed && share > 0 ? "+" : "";
  if (share === 0) return "0";
  if (end >= 10) return sign + value.toFixed(0);
  return sign + (end >= 1 ? String(Number(value.toFixed(2))) : value.toPrecision(2));
}
