// Whether every value that one JSON Schema takes is taken by another: the question behind "is this a breaking change".
// Own code, because json-schema-diff, the library for it, leaves out enum, const, format and pattern.

/** The part of JSON Schema that the words' schemas use. */
export type Schema = Readonly<Record<string, unknown>> | boolean;
type Part = Readonly<Record<string, unknown>>;

const ANNOTATIONS = ["title", "description", "default", "$schema", "examples"];
const KNOWN = [
  ...["type", "enum", "const", "anyOf", "oneOf", "not"],
  ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
  ...["minLength", "maxLength", "pattern", "format"],
  ...["items", "prefixItems", "additionalItems", "minItems", "maxItems"],
  ...["properties", "required", "additionalProperties", "propertyNames"],
];

/**
 * Why `inner` may take a value that `outer` does not: one line each, with where. None: every value of `inner` is one of
 * `outer`. It errs to the safe side: what it cannot follow, such as two patterns that differ, counts as a difference.
 * @param vanished whether a property counts that `outer` describes and `inner` does not
 * @throws Error for a keyword that it does not know
 */
export function notWithin(inner: Schema, outer: Schema, vanished: boolean, where = "$"): string[] {
  if (outer === true || inner === false) return [];
  if (outer === false) return [`${where}: nothing is taken here any more`];
  const sub: Part = inner === true ? {} : inner;
  for (const side of [sub, outer])
    for (const keyword of Object.keys(side))
      if (!KNOWN.includes(keyword) && !ANNOTATIONS.includes(keyword))
        throw new Error(`${where}: the keyword ${keyword} is unknown here`);
  const alternatives = choices(sub);
  if (alternatives !== undefined) return alternatives.flatMap((one) => notWithin(one, outer, vanished, where));
  const wider = choices(outer);
  if (wider !== undefined) {
    const tries = wider.map((one) => notWithin(sub, one, vanished, where));
    if (tries.some((reasons) => reasons.length === 0)) return [];
    // The alternative that is nearest tells most.
    return tries.sort((a, b) => a.length - b.length)[0] ?? [`${where}: nothing is taken here any more`];
  }
  return [
    ...values(sub, outer, where),
    ...limits(sub, outer, where),
    ...lists(sub, outer, vanished, where),
    ...objects(sub, outer, vanished, where),
  ];
}

/** The alternatives of a schema, each whole; undefined where there is but one. */
function choices(schema: Part): readonly Schema[] | undefined {
  const { anyOf, oneOf, type, ...others } = schema;
  const listed = anyOf ?? oneOf;
  if (listed === undefined) return Array.isArray(type) ? type.map((one) => ({ ...schema, type: one })) : undefined;
  const beside = Object.keys(others).filter((keyword) => !ANNOTATIONS.includes(keyword));
  if (beside.length > 0 || (type !== undefined && type !== "object"))
    throw new Error(`${beside.join(", ") || "type"} beside a choice is more than can be followed here`);
  return listed as readonly Schema[];
}

function values(sub: Part, outer: Part, where: string): string[] {
  const allowed = listed(outer);
  const possible = listed(sub);
  if (allowed !== undefined) {
    if (possible === undefined) return [`${where}: not one of ${JSON.stringify(allowed)} only`];
    const beyond = possible.filter((value) => !allowed.some((one) => JSON.stringify(one) === JSON.stringify(value)));
    if (beyond.length > 0) return [`${where}: ${JSON.stringify(beyond)} is not among ${JSON.stringify(allowed)}`];
  }
  if (outer.type === undefined) return [];
  const kinds = possible?.map(kindOf) ?? [sub.type];
  const strange = kinds.filter((kind) => kind !== outer.type && !(kind === "integer" && outer.type === "number"));
  return strange.length === 0
    ? []
    : [`${where}: ${String(strange[0] ?? "anything")} where ${String(outer.type)} was meant`];
}

/** All values that a schema takes, where it lists them. */
function listed(schema: Part): readonly unknown[] | undefined {
  if (Array.isArray(schema.enum)) return schema.enum;
  if (schema.const !== undefined) return [schema.const];
  return schema.type === "null" ? [null] : undefined;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

/** Keyword → whether the inner side's limit is at least as narrow. */
const LIMITS: Readonly<Record<string, (inner: number, outer: number) => boolean>> = {
  minimum: (inner, outer) => inner >= outer,
  exclusiveMinimum: (inner, outer) => inner >= outer,
  minLength: (inner, outer) => inner >= outer,
  minItems: (inner, outer) => inner >= outer,
  maximum: (inner, outer) => inner <= outer,
  exclusiveMaximum: (inner, outer) => inner <= outer,
  maxLength: (inner, outer) => inner <= outer,
  maxItems: (inner, outer) => inner <= outer,
};

function limits(sub: Part, outer: Part, where: string): string[] {
  // Listed values were compared one by one.
  if (listed(sub) !== undefined && listed(outer) !== undefined) return [];
  const bounds = Object.entries(LIMITS).flatMap(([keyword, within]) => {
    const limit = outer[keyword];
    if (limit === undefined) return [];
    const own = sub[keyword];
    return typeof own === "number" && within(own, limit as number)
      ? []
      : [`${where}: ${keyword} ${String(limit)}, and here ${String(own ?? "none")}`];
  });
  const sames = ["pattern", "format", "multipleOf", "not"].flatMap((keyword) =>
    outer[keyword] === undefined || JSON.stringify(outer[keyword]) === JSON.stringify(sub[keyword])
      ? []
      : [`${where}: ${keyword} ${JSON.stringify(outer[keyword])}, and here ${JSON.stringify(sub[keyword] ?? "none")}`],
  );
  return [...bounds, ...sames];
}

function lists(sub: Part, outer: Part, vanished: boolean, where: string): string[] {
  const [own, wanted] = [sub, outer].map(places);
  if (own === undefined || wanted === undefined) return [];
  const count = Math.max(own.first.length, wanted.first.length);
  const each = [...Array(count).keys()].flatMap((index) =>
    notWithin(own.first[index] ?? own.rest, wanted.first[index] ?? wanted.rest, vanished, `${where}[${index}]`),
  );
  return [...each, ...notWithin(own.rest, wanted.rest, vanished, `${where}[]`)];
}

/** What stands at the first places of a list and at all others, in the words of draft 7 or of 2020-12. */
function places({ items, prefixItems, additionalItems }: Part): { first: readonly Schema[]; rest: Schema } {
  if (Array.isArray(items)) return { first: items, rest: (additionalItems ?? true) as Schema };
  return { first: (prefixItems ?? []) as readonly Schema[], rest: (items ?? true) as Schema };
}

function objects(sub: Part, outer: Part, vanished: boolean, where: string): string[] {
  const own = (sub.properties ?? {}) as Readonly<Record<string, Schema>>;
  const wanted = (outer.properties ?? {}) as Readonly<Record<string, Schema>>;
  const always = (sub.required ?? []) as readonly string[];
  const missing = ((outer.required ?? []) as readonly string[])
    .filter((name) => !always.includes(name))
    .map((name) => `${where}.${name}: it may be absent, and was always there`);
  const described = Object.entries(own).flatMap(([name, schema]) => {
    const taken = wanted[name] ?? (outer.additionalProperties as Schema | undefined) ?? true;
    return notWithin(schema, taken, vanished, `${where}.${name}`);
  });
  const gone = Object.keys(wanted).filter((name) => own[name] === undefined && sub.additionalProperties !== false);
  const undescribed = vanished ? gone.map((name) => `${where}.${name}: it is described no longer`) : [];
  const others = (side: Part): Schema => (side.additionalProperties as Schema | undefined) ?? true;
  const rest = notWithin(others(sub), others(outer), vanished, `${where}.*`);
  const names =
    outer.propertyNames === undefined
      ? []
      : notWithin((sub.propertyNames ?? true) as Schema, outer.propertyNames as Schema, vanished, `${where}.* (name)`);
  return [...missing, ...described, ...undescribed, ...rest, ...names];
}
