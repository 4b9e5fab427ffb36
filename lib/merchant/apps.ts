import { ServiceError, unfitField } from '../baidu/errors.ts';
import { digitsOf, isRecord, parseJson } from '../baidu/json.ts';
import { isLong } from '../baidu/order.ts';

/** The members of one app in the secret, and what stands before their names in an error: nothing, or `apps[1].`. */
export interface AppFields {
  readonly place: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** An app that is not what it must be, as far as it can be read. */
export interface BrokenApp extends AppFields {
  readonly appId: string | undefined;
  /** `CONFIGURATION_UNAVAILABLE`, naming the place at fault. */
  readonly error: ServiceError;
}

/** The apps of a secret. */
export interface Apps<T> {
  /** Those that serve, as far as it was looked: a key is parsed when it is needed, and throws if it is none. */
  readonly all: readonly T[];
  /** Those that are left out. */
  readonly broken: readonly BrokenApp[];
  /**
   * An app by its appId, which may be missing where there is one app only.
   *
   * @throws ServiceError `INVALID_REQUEST` where it is no app's, or missing; `CONFIGURATION_UNAVAILABLE` where it is,
   *   or can be, that of an app that is left out
   */
  find(appId: string | undefined): T;
}

/** What every function knows of an app. */
interface Named {
  readonly appId: string | undefined;
}

/** How a function reads an app. */
export interface AppReader<T extends Named, Marks> {
  /** Reads all but keys. Throws `CONFIGURATION_UNAVAILABLE`. */
  readonly read: (app: AppFields) => T;
  /** Parses the keys. Throws `CONFIGURATION_UNAVAILABLE`. */
  readonly prove: (app: T) => unknown;
  /** What of an app must not be another's, as far as it can be read. */
  readonly marks?: (fields: AppFields['fields']) => Marks;
  /** The field of the second app, and what is wrong with it beside the first. */
  readonly clash?: (first: Marks, second: Marks, firstPlace: string) => Clash | undefined;
}

type Clash = readonly [field: string, what: string];

/**
 * Reads the apps of a secret: `{ apps: [ … ] }`, or one app by itself. One that is not what it must be is left out, and
 * two that contradict each other both are; the others serve on.
 *
 * @throws ServiceError `CONFIGURATION_UNAVAILABLE` where no app is left, naming the place at fault, never its value
 */
export function readApps<T extends Named, Marks>(text: string, reader: AppReader<T, Marks>): Apps<T> {
  const members = membersOf(text);
  const clashes = clashesOf(members, reader);
  const broken: BrokenApp[] = [];
  const all: T[] = [];
  const leaveOut = (member: AppFields, error: unknown) => {
    if (!(error instanceof ServiceError)) throw error;
    broken.push({ ...member, appId: appIdIn(member.fields), error });
  };
  let isProven = false;
  for (const member of members) {
    try {
      const clash = clashes.get(member);
      if (clash) throw clash;
      if (isEmpty(member)) throw unfitField(placeOf(member), 'must hold the fields of an app');
      const app = reader.read(member);
      // Of the keys, so many are parsed that one app is known to serve: a secret of which none does is none.
      if (!isProven) reader.prove(app);
      isProven = true;
      all.push(app);
    } catch (error) {
      leaveOut(member, error);
    }
  }
  if (all.length === 0) throw broken[0]?.error;
  return { all, broken, find: finderOf(members, all, broken) };
}

/** The app that a direct invocation names by `appId`, its digits or a number. Throws as `find` does. */
export function appNamedIn<T>(event: unknown, { find }: Pick<Apps<T>, 'find'>): T {
  const appId = namedIn(event);
  return find(appId === undefined ? undefined : (digitsOf(appId) ?? ''));
}

/** The `appId` of a direct invocation, whatever it is; `undefined` where it names none. */
export function namedIn(event: unknown): unknown {
  return isRecord(event) ? (event['appId'] ?? undefined) : undefined;
}

/** Makes something at the first call; what goes wrong is not kept. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The appId among an app's fields; `undefined` where it is none. */
export function appIdIn(fields: AppFields['fields']): string | undefined {
  const appId = digitsOf(fields['appId']);
  return isLong(appId) ? appId : undefined;
}

function membersOf(text: string): AppFields[] {
  const secret = parseJson(text);
  if (!isRecord(secret)) {
    throw new ServiceError('CONFIGURATION_UNAVAILABLE', 'The secret is not a JSON object.');
  }
  if (!Object.hasOwn(secret, 'apps')) return [{ place: '', fields: secret }];
  const { apps, ...beside } = secret;
  if (Object.keys(beside).length > 0) throw unfitField('apps', 'must stand alone: nothing may be beside it');
  if (!Array.isArray(apps) || apps.length === 0)
    throw unfitField('apps', 'must be a list of apps, one at least');
  return apps.map((fields: unknown, index) => {
    const place = `apps[${index}]`;
    return isRecord(fields) ? { place: `${place}.`, fields } : { place: `${place}.`, fields: {} };
  });
}

const isEmpty = ({ place, fields }: AppFields) => place !== '' && Object.keys(fields).length === 0;

const placeOf = ({ place }: AppFields) => place.slice(0, -1);

/** The apps that contradict another one, each with what is wrong. */
function clashesOf<T extends Named, Marks>(
  members: readonly AppFields[],
  { marks, clash }: AppReader<T, Marks>,
): ReadonlyMap<AppFields, ServiceError> {
  const known = members.map((member) => ({
    ...{ member, appId: appIdIn(member.fields) },
    marks: marks?.(member.fields),
  }));
  const found = new Map<AppFields, ServiceError>();
  for (const [index, second] of known.entries()) {
    for (const first of known.slice(0, index)) {
      const firstPlace = placeOf(first.member);
      const isTwice = first.appId !== undefined && first.appId === second.appId;
      const other =
        first.marks !== undefined && second.marks !== undefined
          ? clash?.(first.marks, second.marks, firstPlace)
          : undefined;
      const [field, what] = (isTwice ? ['appId', `is the appId of ${firstPlace}, too`] : other) ?? [];
      if (field === undefined || what === undefined) continue;
      const error = unfitField(second.member.place + field, what);
      for (const { member } of [first, second]) if (!found.has(member)) found.set(member, error);
    }
  }
  return found;
}

function finderOf<T extends Named>(
  members: readonly AppFields[],
  all: readonly T[],
  broken: readonly BrokenApp[],
): Apps<T>['find'] {
  return (appId) => {
    const [only] = all;
    if (appId === undefined && members.length === 1 && only !== undefined) return only;
    if (appId === undefined) {
      throw new ServiceError(
        'INVALID_REQUEST',
        'The secret holds several apps: appId must name one of them.',
      );
    }
    const found = all.find((app) => app.appId === appId);
    if (found !== undefined) return found;
    const left = broken.find((app) => app.appId === appId) ?? broken.find((app) => app.appId === undefined);
    throw left?.error ?? new ServiceError('INVALID_REQUEST', 'The appId is not of an app in the secret.');
  };
}
