import { languageOf } from '../command/language.ts';
import { noCredentials } from './credentials.ts';
import { faultsOf, namesGiven, type Packaging } from './parameters.ts';

/** What of osls is used here. */
interface Osls {
  readonly processedInput: {
    readonly commands: readonly string[];
    readonly options: { readonly param?: readonly string[] };
    readonly isHelpRequest: boolean;
  };
  readonly configurationInput: {
    readonly params: Packaging['blocks'];
    readonly provider: { readonly stage: string; readonly region: string };
  };
  readonly configSchemaHandler: {
    readonly schema: {
      readonly definitions: { readonly awsLogRetentionInDays: { readonly enum: number[] } };
    };
  };
  getProvider(name: 'aws'): { getAwsSdkV3CredentialsProvider(): () => Promise<unknown> };
  readonly classes: { readonly Error: new (message: string, code: string) => Error };
}

/**
 * Plugin of osls, named in serverless.yml before the one that bundles.
 *
 * It refuses parameters that do not exist or do not fit, before anything is built: osls itself takes any name for a
 * parameter, and AWS would refuse a value in the middle of a deployment or the functions at run time. And it has the
 * files in the zips readable for everyone, whatever the umask: Lambda runs them as a user of its own. Where a deployment
 * finds no credentials it says what to do, in the language of the environment.
 *
 * @see https://github.com/oss-serverless/osls
 */
export default class Packager {
  readonly hooks: Readonly<Record<string, () => void | Promise<void>>>;
  readonly #osls: Osls;

  /**
   * Throws osls's own error where a parameter is at fault.
   *
   * @param utils osls's own, for what an operator should see
   */
  constructor(osls: Osls, _options: unknown, utils: { readonly log: { notice(text: string): void } }) {
    this.#osls = osls;
    // Plugins are made before osls puts parameters into the configuration and judges that in words of its own.
    this.#checkParameters();
    let umask: number;
    const readable = () => {
      umask = process.umask(0o022);
    };
    const asBefore = () => void process.umask(umask);
    this.hooks = {
      // By now each variable has its value, those among the parameters too.
      initialize: async () => {
        await this.#findCredentials();
        const packaging = this.#checkParameters();
        if (!packaging) return;
        const names = namesGiven(packaging).join(', ');
        const said = {
          en: `Parameters of ${packaging.stage}: ${names || 'none, so the defaults'}`,
          zh: `${packaging.stage} 的参数：${names || '无，全部用默认值'}`,
        };
        utils.log.notice(said[languageOf(process.env)]);
      },
      'before:package:createDeploymentArtifacts': readable,
      'after:package:createDeploymentArtifacts': asBefore,
      'before:deploy:function:packageFunction': readable,
      'after:deploy:function:packageFunction': asBefore,
    };
  }

  /** Has osls look for credentials, which it keeps, and says in our words that there are none. */
  async #findCredentials(): Promise<void> {
    const { processedInput, classes } = this.#osls;
    const [command = ''] = processedInput.commands;
    if (processedInput.isHelpRequest || !['deploy', 'remove', 'rollback'].includes(command)) return;
    try {
      await this.#osls.getProvider('aws').getAwsSdkV3CredentialsProvider()();
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      const [, profile] = /^AWS profile "(.*)"/.exec(message) ?? [];
      if (code !== 'AWS_CREDENTIALS_NOT_FOUND' && profile === undefined) throw error;
      throw new classes.Error(noCredentials(profile)[languageOf(process.env)], 'AWS_CREDENTIALS_NOT_FOUND');
    }
  }

  /** What was checked; nothing where nothing is packaged. */
  #checkParameters(): Packaging | undefined {
    const { processedInput, configurationInput, configSchemaHandler, classes } = this.#osls;
    const [command = ''] = processedInput.commands;
    if (processedInput.isHelpRequest || !['package', 'deploy'].includes(command)) return undefined;
    const packaging: Packaging = {
      blocks: configurationInput.params,
      given: processedInput.options.param ?? [],
      ...{ stage: configurationInput.provider.stage, region: configurationInput.provider.region },
      retentionDays: configSchemaHandler.schema.definitions.awsLogRetentionInDays.enum,
    };
    const said = faultsOf(packaging).map((fault) => fault[languageOf(process.env)]);
    if (said.length > 0) throw new classes.Error(said.join('\n'), 'INVALID_PARAMETERS');
    return packaging;
  }
}
