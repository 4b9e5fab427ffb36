import http from 'node:http';
import { listenOnLoopback } from '../cashier/http/loopback.ts';

/** A stand-in for AWS CloudFormation that knows the resources of one stack. */
export interface LocalCloudFormation {
  /** For `AWS_ENDPOINT_URL_CLOUDFORMATION`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts an endpoint that answers `ListStackResources`: `osls invoke local` asks it what the `!Ref`s in the
 * environment of a function stand for.
 *
 * @param resources physical ids by logical id
 * @see AWS CloudFormation API reference, ListStackResources
 */
export async function startCloudFormation(
  resources: Readonly<Record<string, string>>,
): Promise<LocalCloudFormation> {
  const members = Object.entries(resources).map(
    ([logicalId, physicalId]) =>
      `<member><LogicalResourceId>${logicalId}</LogicalResourceId>` +
      `<PhysicalResourceId>${physicalId}</PhysicalResourceId>` +
      '<ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>',
  );
  const answer =
    '<ListStackResourcesResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">' +
    `<ListStackResourcesResult><StackResourceSummaries>${members.join('')}</StackResourceSummaries>` +
    '</ListStackResourcesResult></ListStackResourcesResponse>';
  const server = http.createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/xml' });
    response.end(answer);
  });
  return await listenOnLoopback(server);
}
