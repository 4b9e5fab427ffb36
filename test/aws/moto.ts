import type { Template } from '../template/package.ts';
import { type Engine, startEngine } from './engine.ts';

/** Starts moto's server: most of AWS, in Python, with one memory for all of it. */
export function startMoto(bin: string): Promise<Engine> {
  return startEngine(`${bin}/moto_server`, (port) => ['-H', '127.0.0.1', '-p', String(port)]);
}

/**
 * What moto's CloudFormation leaves out without a word, and then fails at whatever names it; and the event source, whose
 * functions it would run in Docker.
 */
const UNKNOWN =
  /^AWS::(S3::BucketPolicy|Lambda::Event\w+|SNS::Subscription|ApiGatewayV2::\w+|SQS::QueuePolicy|SNS::TopicPolicy|CloudWatch::\w+)$/;

/**
 * The part of a template that moto can build: without the types that it does not know, and what refers to them. Of the
 * deletion policies it knows `Retain` alone, which is what `RetainExceptOnCreate` means once a stack is there.
 */
export function partForMoto(template: Template): Template {
  const { Resources, Outputs, ...rest } = structuredClone(template);
  const kept = Object.entries(Resources).filter(([, { Type }]) => !UNKNOWN.test(Type));
  const names = new Set(kept.map(([name]) => name));
  const isWhole = (json: unknown) =>
    [...JSON.stringify(json).matchAll(/"(?:Ref|Fn::GetAtt)":\[?"(\w+)"|\$\{(\w+)[.}]/g)].every(
      ([, reference, placeholder]) => {
        const name = reference ?? placeholder ?? '';
        return names.has(name) || !(name in Resources);
      },
    );
  const whole = kept.filter(([, { Properties }]) => isWhole(Properties));
  for (const [, resource] of whole) {
    if (resource.DeletionPolicy === 'RetainExceptOnCreate') resource.DeletionPolicy = 'Retain';
  }
  return {
    ...rest,
    Resources: Object.fromEntries(whole),
    Outputs: Object.fromEntries(Object.entries(Outputs).filter(([, { Value }]) => isWhole(Value))),
  };
}
