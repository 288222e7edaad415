// JSON as PostgreSQL can hold it: text and jsonb know neither NUL nor half a surrogate pair.

/** Whether an escape is there that may stand for one of the two; the characters themselves are no valid UTF-8 or JSON. */
const SUSPECT = /\\u(?:0000|d[89a-f])/i;
const UNSTORABLE = /\0|\p{Surrogate}/gu;
const REPLACEMENT = "\uFFFD";
/** Deeper than any honest event; far below where a stack ends, here or in PostgreSQL. */
const MAX_DEPTH = 64;

/**
 * Parses JSON; strings that cannot be stored get U+FFFD where they cannot.
 * @throws SyntaxError for what is no JSON, RangeError for JSON nested too deeply
 */
export function storable(text: string): { readonly value: unknown; readonly mended: boolean } {
  const parsed: unknown = JSON.parse(text);
  if (depthBeyond(text)) throw new RangeError(`nested more than ${MAX_DEPTH} levels deep`);
  if (!SUSPECT.test(text)) return { value: parsed, mended: false };
  let mended = false;
  const mend = (value: unknown): unknown => {
    if (typeof value === "string")
      return value.replace(UNSTORABLE, () => {
        mended = true;
        return REPLACEMENT;
      });
    if (Array.isArray(value)) return value.map(mend);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [mend(key), mend(inner)]));
  };
  const value = mend(parsed);
  return { value, mended };
}

/** Whether text, which is valid JSON, is nested beyond the bound. */
function depthBeyond(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (inString) {
      if (unit === 0x5c) at += 1;
      else if (unit === 0x22) inString = false;
    } else if (unit === 0x22) inString = true;
    else if (unit === 0x5b || unit === 0x7b) {
      depth += 1;
      if (depth > MAX_DEPTH) return true;
    } else if (unit === 0x5d || unit === 0x7d) depth -= 1;
  }
  return false;
}
