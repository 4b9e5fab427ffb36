import { evaluateConditions } from '../template/conditions.ts';
import type { Template } from '../template/package.ts';
import { partForMoto } from './moto.ts';

interface Osls {
  readonly service: { readonly provider: { compiledCloudFormationTemplate: Template } };
}

/** Plugin of osls: what is packaged is the part that moto knows, and nothing that cfn-lint warns of, which moto asks. */
export default class Part {
  readonly hooks: Readonly<Record<string, () => void>>;

  constructor({ service: { provider } }: Osls) {
    this.hooks = {
      'before:aws:package:finalize:saveServiceState': () => {
        const part = partForMoto(evaluateConditions(provider.compiledCloudFormationTemplate));
        // Only the dashboard's address uses one.
        delete part.Mappings;
        // A reference says the same.
        for (const resource of Object.values(part.Resources)) delete resource.DependsOn;
        provider.compiledCloudFormationTemplate = part;
      },
    };
  }
}
