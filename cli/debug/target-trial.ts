import { RbError } from '@rustbalance/actors/kernel/errors.js';
import { TargetFailure } from '@rustbalance/actors/proxy/target/target-failure.js';

/** Runs what connects as the proxy does; its failure becomes an error with a remedy. @throws RbError proxy.target-… */
export const asProxy = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TargetFailure) throw new RbError(error.data, { cause: error });
    throw error;
  }
};
