import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { answerBody, says } from '../support/baidu.ts';
import { SECRET, type World } from '../support/world.ts';
import { startWorld } from '../support/worlds.ts';
import { idsOfType, packageTemplate, type Template } from '../template/package.ts';
import { FAULTS, OTHER_FAULTS } from './faults.ts';
import { type Pool, Stage } from './stage.ts';

/*
 * Each alarm of the template, as it is packaged, over the metrics that the bundles write by its fault, and by what comes
 * near it: an alarm that can never sound, or that sounds for nothing, fails here.
 */
let world: World;
let template: Template;
let stage: Stage;
const pool: Pool = new Map();
beforeAll(async () => {
  const packaging = packageTemplate({ params: { silenceAlarmHours: '2' } });
  [world, { template }] = await Promise.all([startWorld(), packaging]);
});
beforeEach(() => {
  world.secretsManager.fail(undefined);
  world.secretsManager.put('secret', JSON.stringify(SECRET));
  world.baidu.always(says(answerBody()));
  stage = new Stage(world, template, pool);
});
afterEach(() => stage.end());
afterAll(async () => {
  await Promise.all([...pool.values()].map(({ sandbox }) => sandbox.end()));
  await world.close();
});

/** What sounded beside the silence, which is none in the tests of other alarms. */
const sounded = (of?: string) =>
  [...stage.sounded.keys()].filter((id) => id === of || id !== 'NothingArrives');

test('every alarm has its fault', () => {
  expect(Object.keys(FAULTS)).toEqual(idsOfType(template, 'AWS::CloudWatch::Alarm'));
});

describe.each(Object.entries(FAULTS))('%s', (id, { fault, also = [], calm }) => {
  test('sounds by its fault, and wakes for nothing else', async () => {
    await fault(stage);
    expect(sounded(id).sort()).toEqual([id, ...also].sort());
  });

  test('is silent by what comes near it, and so is every other', async () => {
    await calm(stage);
    expect(sounded(id)).toEqual([]);
  });
});

describe('sounds by other faults, too:', () => {
  test.each(OTHER_FAULTS)('%s: %s', async (_name, id, fault, ...also) => {
    await fault(stage);
    expect(sounded().sort()).toEqual([id, ...also].sort());
  });
});

test('a payment that keeps failing is told of before it is a dead letter', async () => {
  await FAULTS['NotConfirmed']?.fault(stage);
  expect(stage.sounded.get('NotConfirmed')).toBeLessThan(9);
});
