import type { ApiPolicy, OperationSelector } from '../model/policy.ts';
import { GRPC_METHOD, grpcTemplate } from '../path/grpc.ts';
import { CallerIndex } from './caller-index.ts';
import { type CompiledExpectations, compileExpectations } from './compiled-expectation.ts';
import {
  type CompiledOperation,
  type CompiledRules,
  compileOperation,
  compileRules,
  EVERY_OPERATION,
} from './compiled-rules.ts';

/** An ApiPolicy made ready once, and shared by every set and every scope that it is part of. */
export interface CompiledPolicy extends CompiledRules<CompiledOperation> {
  readonly source: ApiPolicy;
  readonly callers: CallerIndex;
  readonly expectations: CompiledExpectations;
}

/** Throws when a template is invalid: a parsed policy has none, so that is a bug of whoever built the object. */
export function compilePolicy(source: ApiPolicy, serial: number): CompiledPolicy {
  return {
    ...compileRules(source, serial, { name: 'api', compile: compileSelector, everything: EVERY_OPERATION }),
    source,
    callers: new CallerIndex(source.namespace, source.rules),
    expectations: compileExpectations(source, compileSelector),
  };
}

function compileSelector(selector: OperationSelector): CompiledOperation {
  const { grpc } = selector;
  return compileOperation(
    grpc === undefined ? selector : { methods: [GRPC_METHOD], path: grpcTemplate(grpc) },
  );
}
