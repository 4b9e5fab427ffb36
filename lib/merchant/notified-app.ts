import { ServiceError } from '../baidu/errors.ts';
import { listOf } from '../baidu/json.ts';
import { readPublicKey } from '../baidu/keys.ts';
import type { NotificationKeys } from '../baidu/webhook/notification.ts';
import { type UnverifiedForm, wrongSignature } from '../baidu/webhook/signed-form.ts';
import type { Apps, BrokenApp } from './apps.ts';
import { type NotificationApp, readDealIds } from './secret.ts';

/** An app that has taken a form of Baidu's platform, and what was read from it. */
export interface TakenForm<T> {
  readonly app: NotificationApp;
  readonly value: T;
}

/**
 * The app whose a form is: by the platform's key, and by the deal that a payment notification names. A form of a refund
 * names none, so that of apps that share a platform key each takes it: only then there is more than one.
 *
 * @param parse verifies the form with an app's keys and reads it
 * @throws ServiceError what `parse` throws where the form is no app's, `CONFIGURATION_UNAVAILABLE` where it is, or can
 *   be, that of an app that is left out
 */
export function appsOfForm<T>(
  { all, broken }: Pick<Apps<NotificationApp>, 'all' | 'broken'>,
  form: UnverifiedForm,
  parse: (form: UnverifiedForm, keys: NotificationKeys) => T,
): [TakenForm<T>, ...TakenForm<T>[]] {
  const dealId = form.fields['dealId'];
  const mayOwn = (dealIds: ReadonlySet<string> | undefined) =>
    dealId === undefined || dealIds === undefined || dealIds.has(dealId);
  const take = (keys: NotificationKeys) => tried(() => parse(form, keys));
  const refusals: ServiceError[] = [];

  // Whose deal it is comes first: as a rule one key is parsed, and one signature verified.
  const rank = ({ dealIds }: NotificationApp) => (mayOwn(dealIds) ? Number(dealIds === undefined) : 2);
  for (const app of all.toSorted((a, b) => rank(a) - rank(b))) {
    const value = take(app);
    if (!(value instanceof ServiceError)) {
      const sharing = all.filter((other) => other !== app && other.keyTails.some(isOf(app.keyTails)));
      return [{ app, value }, ...sharing.flatMap((other) => takenBy(other, take(other)))];
    }
    const isFault = value.code === 'CONFIGURATION_UNAVAILABLE';
    if (!isFault || mayOwn(app.dealIds)) refusals.push(value);
  }
  const left = broken.find((app) => canBeOf(app, { mayOwn, take }));
  throw (
    refusals.find(({ code }) => code === 'CONFIGURATION_UNAVAILABLE') ??
    left?.error ??
    refusals.find(({ code }) => code === 'UNKNOWN_DEAL') ??
    wrongSignature()
  );
}

/** Whether a form can be that of an app that is left out, as far as it can be read. */
function canBeOf<T>(
  { place, fields }: BrokenApp,
  {
    mayOwn,
    take,
  }: {
    readonly mayOwn: (dealIds: ReadonlySet<string> | undefined) => boolean;
    readonly take: (keys: NotificationKeys) => T | ServiceError;
  },
): boolean {
  const dealIds = tried(() => readDealIds({ place, fields }));
  if (!(dealIds instanceof ServiceError) && !mayOwn(dealIds)) return false;
  const texts = listOf(fields['platformPublicKey']);
  const platformKeys = tried(() => texts.map((text) => readPublicKey(String(text))));
  if (platformKeys instanceof ServiceError || platformKeys.length === 0) return true;
  return !(take({ platformKeys, dealIds: undefined }) instanceof ServiceError);
}

function takenBy<T>(app: NotificationApp, value: T | ServiceError): TakenForm<T>[] {
  return value instanceof ServiceError ? [] : [{ app, value }];
}

const isOf = (tails: readonly string[]) => (tail: string) => tails.includes(tail);

function tried<T>(make: () => T): T | ServiceError {
  try {
    return make();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
}
