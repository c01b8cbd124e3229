import { Repository } from 'aws-cdk-lib/aws-ecr';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Construct } from 'constructs';
import { AppParameter, ImageParameter } from '../parameter';

/** The same values with the digests that this deployment is about. */
export function withDigests(given: AppParameter, env: NodeJS.ProcessEnv): AppParameter {
  const { app, toolbox } = given.images;
  return {
    ...given,
    images: {
      app: { ...app, digest: env['RESCUE_IMAGE_DIGEST'] || app.digest },
      toolbox: { ...toolbox, digest: env['RESCUE_TOOLBOX_DIGEST'] || toolbox.digest },
    },
  };
}

/** By digest: what was tested is what runs, whatever a tag means by then. No Docker is needed here. */
export function image(scope: Construct, id: string, given: ImageParameter): ContainerImage {
  const repository = Repository.fromRepositoryName(scope, id, given.repository);
  return ContainerImage.fromEcrRepository(repository, given.digest);
}
